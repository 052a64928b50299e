//! Reads a sandbox's record as far as it has come, and what conditions ask of its tables.

use crate::sandbox::{Sandbox, SandboxError};
use lessons::{MatrixSeen, Present, Row, Tables, Tally};
use protocol::{Name, Position};

/// Lines of the record read at a time.
const AT_A_TIME: usize = 4096;

#[derive(Clone, Default)]
pub struct Follow {
    pub tally: Tally,
    tables: Tables,
    at_rest: bool,
}

impl Follow {
    pub fn since(began: Position) -> Self {
        Follow { tally: Tally::since(began), ..Self::default() }
    }

    /// Goes on to the end of the record, and looks the tables up.
    pub async fn advance(&mut self, sandbox: &Sandbox, tables: &[(Name, Name)]) -> Result<(), SandboxError> {
        loop {
            let state = sandbox.state();
            if self.tally.position() >= state.position {
                self.at_rest = state.at_rest();
                break;
            }
            for piece in sandbox.history(self.tally.position(), AT_A_TIME).await? {
                for line in piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    self.tally.see(&serde_json::from_slice(line).map_err(anyhow::Error::from)?);
                }
            }
        }
        for (service, table) in tables {
            let rows = match sandbox.table(service, table, None, None).await {
                Ok(rows) => rows,
                // A teacher may have named one there is not.
                Err(SandboxError::NoSuchTable) => continue,
                Err(error) => return Err(error),
            };
            let columns: Vec<Name> = rows.columns.iter().map(|column| column.as_str().into()).collect();
            let named = |cells: Vec<protocol::Value>| columns.iter().cloned().zip(cells).collect::<Row>();
            self.tables.insert((service.clone(), table.clone()), rows.rows.into_iter().map(named).collect());
        }
        Ok(())
    }

    pub fn present<'a>(&'a self, matrices: &'a [MatrixSeen]) -> Present<'a> {
        Present { at_rest: self.at_rest, tables: Some(&self.tables), matrices }
    }
}
