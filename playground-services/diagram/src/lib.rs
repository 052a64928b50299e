//! The present picture as a fold of the record.
//!
//! [`DiagramState::evolve`] is the only way the picture changes: the server folds
//! positions 1..n into the page, the browser goes on from n+1 with the same code.
//! The state is bounded: counts, the last rows of each table, the last orders.

mod marks;
mod motion;
mod pipe;
mod rows;
mod sagas;
mod state;

pub use marks::{Layer, MarkKind, Strata, mark, taken_over_from};
pub use motion::{Motion, Place, Token, delivered_as, motion, published_as};
pub use pipe::{Held, Lane, Pipe, SHOWN_TOKENS, Waiting};
pub use rows::{RowView, TableView, row_text};
pub use sagas::{Parked, SHOWN_ORDERS, SagaView, Sagas, StepState, StepView};
pub use state::{Broken, DiagramState, Health, Instance, Lease, Load, Mended, Node, Run};
