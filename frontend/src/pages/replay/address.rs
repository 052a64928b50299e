//! The page's address brings back the same run, account, cursors and answers.

use leptos::prelude::*;

/// What the page was asked to show, as its address has it.
#[derive(Clone, Debug, Default)]
pub struct ReplayAsked {
    pub run: Option<String>,
    pub account: Option<i64>,
    /// How many events of the account are folded in; all where it is left out.
    pub at_sequence: Option<i64>,
    /// A moment, as RFC 3339 or in words; now where it is left out.
    pub at: Option<String>,
    /// A position among the events of all accounts, instead of a moment.
    pub position: Option<i64>,
    /// A moment.
    pub believed: Option<String>,
    /// A moment.
    pub about: Option<String>,
}

impl ReplayAsked {
    /// The account that lessons talk of, which is shown where none is asked for.
    pub const FIRST: i64 = 42;

    /// The account that is asked for, and the one that is shown where that is not there.
    pub fn accounts(&self) -> Vec<i64> {
        let mut accounts = vec![Self::FIRST];
        accounts.extend(self.account.filter(|id| *id != Self::FIRST));
        accounts
    }

    fn parts(&self) -> [(&'static str, Option<String>); 7] {
        [
            ("run", self.run.clone()),
            ("account", self.account.map(|id| id.to_string())),
            ("at_sequence", self.at_sequence.map(|version| version.to_string())),
            ("at", self.at.clone()),
            ("position", self.position.map(|position| position.to_string())),
            ("believed", self.believed.clone()),
            ("about", self.about.clone()),
        ]
    }

    /// The address without what is still to be asked.
    pub fn link(&self, anchor: &str) -> String {
        // What stands in it is digits, hex and moments as machines write them.
        let plain = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte));
        let parts = self.parts().into_iter().filter_map(|(name, value)| Some((name, value.filter(plain)?)));
        let query: Vec<_> = parts.map(|(name, value)| format!("{name}={value}")).collect();
        let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
        format!("/replay?{}{anchor}", query.join("&"))
    }

    /// As hidden fields of a form that asks for `asked`.
    pub fn hidden(&self, asked: &[&str]) -> impl IntoView + use<> {
        let parts = self.parts().into_iter().filter(|(name, _)| !asked.contains(name));
        let fields = parts.filter_map(|(name, value)| {
            let value = value?;
            Some(view! { <input type="hidden" name=name value=value/> })
        });
        fields.collect_view()
    }
}
