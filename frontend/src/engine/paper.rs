//! Elements of the page that follow the picture, each found once and changed only when what it
//! shows does.

use web_sys::{Element, HtmlElement};

pub struct Paper {
    root: HtmlElement,
    slots: Vec<Slot>,
}

struct Slot {
    /// How it is found, and which of its attributes it is; its content, without one.
    selector: String,
    attribute: &'static str,
    element: Element,
    shown: Option<String>,
}

impl Paper {
    pub fn new(root: &HtmlElement) -> Self {
        Paper { root: root.clone(), slots: vec![] }
    }

    fn slot(&mut self, selector: &str, attribute: &'static str) -> Option<&mut Slot> {
        let known = self.slots.iter().position(|slot| slot.selector == selector && slot.attribute == attribute);
        let at = match known {
            Some(at) => at,
            None => {
                let element = self.root.query_selector(selector).ok()??;
                self.slots.push(Slot { selector: selector.into(), attribute, element, shown: None });
                self.slots.len() - 1
            }
        };
        self.slots.get_mut(at)
    }

    pub fn find(&mut self, selector: &str) -> Option<Element> {
        self.slot(selector, "").map(|slot| slot.element.clone())
    }

    /// Sets what an element holds, as HTML. Gives whether that changed anything.
    pub fn put(&mut self, selector: &str, html: &str) -> bool {
        self.write(selector, "", html)
    }

    /// Sets an attribute of an element.
    pub fn set(&mut self, selector: &str, attribute: &'static str, value: &str) {
        self.write(selector, attribute, value);
    }

    fn write(&mut self, selector: &str, attribute: &'static str, value: &str) -> bool {
        let Some(slot) = self.slot(selector, attribute) else { return false };
        if slot.shown.as_deref() == Some(value) {
            return false;
        }
        slot.shown = Some(value.into());
        if attribute.is_empty() {
            slot.element.set_inner_html(value);
        } else {
            // Of the attributes set here none can be refused.
            let _ = slot.element.set_attribute(attribute, value);
        }
        true
    }
}
