//! Ctrl-C and SIGTERM: the first lets what is in flight finish, the second leaves at once. Both are safe.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// SIGXFSZ: without a handler, a file size limit kills the process instead of failing the write.
const FILE_SIZE_SIGNAL: i32 = 25;

/// The interrupts of this process.
pub(super) struct Signals {
    /// Turns true at the first.
    pub(super) first: watch::Receiver<bool>,
    /// Turns true at the second.
    pub(super) second: watch::Receiver<bool>,
}

/// Starts to listen. Must be called inside the runtime.
///
/// # Errors
///
/// If the system refuses a handler.
pub(super) fn listen() -> std::io::Result<Signals> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut file_size = signal(SignalKind::from_raw(FILE_SIZE_SIGNAL))?;
    let (first_set, first) = watch::channel(false);
    let (second_set, second) = watch::channel(false);
    tokio::spawn(async move {
        for set in [first_set, second_set] {
            any(&mut interrupt, &mut terminate, &mut hang_up).await;
            set.send_replace(true);
            // A receiver keeps the last value after its sender is gone.
        }
    });
    tokio::spawn(async move { while file_size.recv().await.is_some() {} });
    Ok(Signals { first, second })
}

async fn any(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}

/// Returns at the second signal; never without one.
pub(super) async fn second(mut signals: watch::Receiver<bool>) {
    if signals.wait_for(|set| *set).await.is_err() {
        std::future::pending::<()>().await;
    }
}
