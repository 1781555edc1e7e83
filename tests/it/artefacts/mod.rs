//! What is shipped for the places where the service runs.

/// Every file through its checker, and that the checker would notice.
mod checks;
/// The two ways to make an image.
mod dockerfiles;
/// What Kubernetes is told.
mod kubernetes;
/// Where the service runs, under which settings, and how long it is given to leave.
mod places;
mod yaml;
