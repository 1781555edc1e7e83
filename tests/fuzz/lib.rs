//! What the fuzz targets share. Each target throws bytes at one reader and asserts what must hold of
//! whatever it makes of them, not only that it does not fall over.

pub mod allocation;
pub mod prices;
pub mod service;
