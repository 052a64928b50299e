//! The coverage matrix of both saga styles, one after the other: every step under every fault,
//! each on a fresh sandbox. Most of it is waiting, above all for what was lost to be sent again.

mod report;

use server::matrix::Running;
use server::{Config, Server};

const BUDGET_S: f64 = 20.0;

fn main() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let dir = report::temp_dir("matrix")?;
        let server = Server::open(Config::from_args(["--data-dir".as_ref(), dir.as_os_str()])?).await?;
        let mut seconds = 0.0;
        let styles = ["saga-choreography", "saga-orchestration"];
        for topology in protocol::topologies().into_iter().filter(|topology| styles.contains(&&*topology.name)) {
            let style = topology.name.clone();
            let matrix = server.matrix(topology).await?;
            matrix.over().await;
            let view = matrix.view();
            let took = view.took_ms as f64 / 1000.0;
            println!("{style}: {} cells in {took:.2} s", view.cells.len());
            for cell in view.cells.iter().filter(|cell| cell.state.name() != "consistent") {
                println!("  {} {}: {}, {}", cell.step, cell.fault.name(), cell.state.name(), cell.detail);
            }
            anyhow::ensure!(view.state == Running::Done, "{}", view.detail);
            seconds += took;
        }
        std::fs::remove_dir_all(&dir)?;
        report::at_most("both styles in s", seconds, BUDGET_S)
    })
}
