//! Calls of the tools that are offered to language models.

use super::Latencies;

/// The tools of the Model Context Protocol. Fixed, so that the counters are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Tool {
    SearchModels,
    EstimateCost,
    CompareCosts,
    GetAllPricing,
    GetPerformanceMetrics,
    GetUseCases,
    GetTelemetry,
}

impl Tool {
    /// In the order in which they are listed.
    pub const ALL: [Tool; 7] = [
        Tool::SearchModels,
        Tool::EstimateCost,
        Tool::CompareCosts,
        Tool::GetAllPricing,
        Tool::GetPerformanceMetrics,
        Tool::GetUseCases,
        Tool::GetTelemetry,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Tool::SearchModels => "search_models",
            Tool::EstimateCost => "estimate_cost",
            Tool::CompareCosts => "compare_costs",
            Tool::GetAllPricing => "get_all_pricing",
            Tool::GetPerformanceMetrics => "get_performance_metrics",
            Tool::GetUseCases => "get_use_cases",
            Tool::GetTelemetry => "get_telemetry",
        }
    }
}

/// One tool's calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToolTally {
    pub calls: u64,
    /// Those that were answered with what is wrong with them.
    pub errors: u64,
    pub latencies: Latencies,
}
