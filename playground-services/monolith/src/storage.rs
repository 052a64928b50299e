//! The three services' tables in one database. Never begins or commits: whoever calls owns the
//! transaction.

use inventory::storage::Warehouse;
use kit::Unit;
use orders::storage::Book;
use payments::domain::Account;
use sqlx::sqlite::SqliteConnection;

/// What a batch of orders reads and writes.
#[derive(Debug)]
pub struct Shop {
    pub warehouse: Warehouse,
    pub book: Book,
    pub accounts: Unit<Account>,
    /// Why the card was not charged, if it was not.
    pub refused: Option<String>,
}

/// Every order is a new one: there is nothing to load but the shelf and the next number.
pub async fn load(conn: &mut SqliteConnection) -> sqlx::Result<Shop> {
    let warehouse = inventory::storage::load(conn, std::iter::empty()).await?;
    let book = orders::storage::load(conn, std::iter::empty()).await?;
    Ok(Shop { warehouse, book, accounts: Unit::default(), refused: None })
}

/// The three statements, one after the other. Without a charge there is no payment to store, and
/// the first two are there already: it takes the rollback to undo them.
pub async fn save(conn: &mut SqliteConnection, shop: &Shop) -> sqlx::Result<()> {
    inventory::storage::save(conn, &shop.warehouse).await?;
    orders::storage::save(conn, &shop.book).await?;
    if shop.refused.is_some() {
        return Ok(());
    }
    payments::storage::save(conn, &shop.accounts).await
}
