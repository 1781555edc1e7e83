//! Tables for people: columns side by side, figures under each other by their decimal points.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two columns.
const GAP: &str = "  ";

/// No name is cut below this, however narrow the terminal.
const NAME_CELLS_MIN: usize = 12;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Words: from the left, and cut off where there is no room.
    Name,
    /// Numbers: units under units, and never cut off.
    Figure,
}

/// Rows under a heading.
pub struct Table {
    columns: Vec<(Column, String)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(columns: [(Column, &str); N]) -> Table {
        Table {
            columns: columns
                .map(|(column, name)| (column, name.to_owned()))
                .into(),
            rows: Vec::new(),
        }
    }

    /// One more column, before there are rows.
    pub fn add(&mut self, column: Column, name: &str) {
        self.columns.push((column, name.to_owned()));
    }

    /// A cell for each column.
    pub fn row(&mut self, cells: &[&str]) {
        self.rows
            .push(cells.iter().map(|&cell| cell.to_owned()).collect());
    }

    /// The lines of the table, none wider than `width` cells as long as its figures leave room for names.
    pub fn lines(&self, width: Option<usize>) -> String {
        let mut columns: Vec<(Column, Vec<String>)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, (column, name))| {
                let mut cells: Vec<String> = self.rows.iter().map(|row| row[at].clone()).collect();
                if *column == Column::Figure {
                    align(&mut cells);
                }
                cells.insert(0, name.clone());
                (*column, cells)
            })
            .collect();
        let mut widths: Vec<usize> = columns
            .iter()
            .map(|(_, cells)| cells.iter().map(|cell| cell.width()).max().unwrap_or(0))
            .collect();
        if let Some(width) = width {
            narrow(&columns, &mut widths, width);
        }
        for ((column, cells), width) in columns.iter_mut().zip(&widths) {
            for cell in cells {
                pad(cell, *column, *width);
            }
        }
        let mut text = String::new();
        for at in 0..=self.rows.len() {
            let cells: Vec<&str> = columns.iter().map(|(_, cells)| &*cells[at]).collect();
            text.push_str(cells.join(GAP).trim_end());
            text.push('\n');
        }
        text
    }
}

/// Room behind each figure for the decimals that others have.
fn align(figures: &mut [String]) {
    let decimals = |figure: &str| figure.find('.').map_or(0, |at| figure.len() - at);
    let most = figures.iter().map(|figure| decimals(figure)).max();
    for figure in figures {
        let missing = most.unwrap_or(0) - decimals(figure);
        figure.push_str(&" ".repeat(missing));
    }
}

/// Takes from the widest column of names until all fit.
fn narrow(columns: &[(Column, Vec<String>)], widths: &mut [usize], room: usize) {
    let gaps = GAP.len() * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        let names = columns.iter().zip(widths.iter_mut());
        let widest = names
            .filter(|((column, _), width)| *column == Column::Name && **width > NAME_CELLS_MIN)
            .map(|(_, width)| width)
            .max_by_key(|width| **width);
        match widest {
            Some(width) => *width -= 1,
            None => return,
        }
    }
}

fn pad(cell: &mut String, column: Column, width: usize) {
    if cell.width() > width {
        *cell = shortened(cell, width);
    }
    let missing = " ".repeat(width - cell.width());
    match column {
        Column::Name => cell.push_str(&missing),
        Column::Figure => cell.insert_str(0, &missing),
    }
}

/// Both ends of a text: names begin with whose they are, and differ in how they end.
fn shortened(text: &str, width: usize) -> String {
    let behind = width.saturating_sub(1) / 2;
    let before = width.saturating_sub(1) - behind;
    let start: String = fitting(text.chars(), before).collect();
    let end: Vec<char> = fitting(text.chars().rev(), behind).collect();
    start
        .chars()
        .chain(['…'])
        .chain(end.into_iter().rev())
        .collect()
}

fn fitting(chars: impl Iterator<Item = char>, width: usize) -> impl Iterator<Item = char> {
    let mut taken = 0;
    chars.take_while(move |char| {
        taken += char.width().unwrap_or(0);
        taken <= width
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_in_the_room_there_is() {
        let mut table = Table::new([
            (Column::Name, "MODEL"),
            (Column::Figure, "USD"),
            (Column::Name, "BY"),
        ]);
        table.row(&["a-name-of-20-letters", "0.25", "A"]);
        table.row(&["名前は広い文字でできている", "12", "B"]);
        table.row(&["c", "", "C"]);
        let whole = "\
MODEL                         USD  BY
a-name-of-20-letters         0.25  A
名前は広い文字でできている  12     B
c                                  C
";
        let narrow = "\
MODEL              USD  BY
a-name-…letters   0.25  A
名前は…ている    12     B
c                       C
";
        for (name, width, expected) in [
            ("no terminal", None, whole),
            ("room to spare", Some(90), whole),
            ("narrow", Some(26), narrow),
        ] {
            assert_eq!(table.lines(width), expected, "{name}");
        }
        let least = table.lines(Some(1));
        assert!(least.contains("a-name…tters   0.25"), "{least}");
    }
}
