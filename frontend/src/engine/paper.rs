//! Elements of the page that follow the picture, each found once and changed only when what it
//! shows does.

use web_sys::{Element, HtmlElement};

pub struct Paper {
    root: HtmlElement,
    slots: Vec<(&'static str, Element, String)>,
}

impl Paper {
    pub fn new(root: &HtmlElement) -> Self {
        Paper { root: root.clone(), slots: vec![] }
    }

    fn slot(&mut self, selector: &'static str) -> Option<&mut (&'static str, Element, String)> {
        let at = match self.slots.iter().position(|(known, ..)| *known == selector) {
            Some(at) => at,
            None => {
                let element = self.root.query_selector(selector).ok()??;
                self.slots.push((selector, element, String::new()));
                self.slots.len() - 1
            }
        };
        self.slots.get_mut(at)
    }

    pub fn find(&mut self, selector: &'static str) -> Option<Element> {
        self.slot(selector).map(|(_, element, _)| element.clone())
    }

    /// Sets what an element holds. Gives whether that changed anything.
    pub fn put(&mut self, selector: &'static str, html: &str) -> bool {
        let Some((_, element, shown)) = self.slot(selector).filter(|(.., shown)| shown != html) else { return false };
        element.set_inner_html(html);
        *shown = html.into();
        true
    }
}
