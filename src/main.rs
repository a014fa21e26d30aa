//! Starts the program; everything else is in the library.

#[cfg(not(target_os = "linux"))]
compile_error!("unblink runs on Linux only: it relies on epoll, pidfds, peer credentials and /proc.");

#[cfg(all(feature = "jemalloc", target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: unblink::sys::scarce::Noting<tikv_jemallocator::Jemalloc> =
    unblink::sys::scarce::Noting(tikv_jemallocator::Jemalloc);

#[cfg(all(not(feature = "jemalloc"), target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: unblink::sys::scarce::Noting<std::alloc::System> = unblink::sys::scarce::Noting(std::alloc::System);

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    unblink::cli::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
