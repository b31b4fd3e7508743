//! A formula as MathML, built element by element from a tree of listed names; where it is not understood, its source.

use std::cell::Cell;

use leptos::math as mathml;
use leptos::prelude::*;
use leptos::tachys::html::attribute::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::tachys::html::attribute::custom::custom_attribute;
use leptos::tachys::html::element;

use crate::browser;
use crate::late;
use crate::state::formula::{Formula, formula};

/// A formula; its source, until the part that knows formulas is here.
pub(super) fn math(source: &str, display: bool) -> AnyView {
    if let Some(view) = late::MATH.get() {
        return view(source, display);
    }
    let here = RwSignal::new(None::<late::Math>);
    leptos::task::spawn_local(async move {
        let view = late::MATH.load().await;
        // The answer may be gone by now.
        let _ = here.try_set(Some(view));
    });
    let source = source.to_owned();
    let shown = move || match here.get() {
        Some(view) => view(&source, display),
        None => unread(&source),
    };
    shown.into_any()
}

/// The source of a formula, as code.
fn unread(source: &str) -> AnyView {
    view! { <code class="formula-source">{source.replace('\0', "\u{fffd}")}</code> }.into_any()
}

/// A formula, with the part that knows them.
pub(crate) fn formula_view(source: &str, display: bool) -> AnyView {
    copied_as_source();
    let shown = match formula(source, display) {
        Some(formula) => element(formula),
        None => unread(source),
    };
    if display {
        view! {
            <span class="formula formula-block" role="group" aria-label="Formula" tabindex="0">
                {shown}
            </span>
        }
        .into_any()
    } else {
        view! { <span class="formula">{shown}</span> }.into_any()
    }
}

thread_local! {
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

/// From the first formula on, what a reader copies has the sources of the formulas in it.
fn copied_as_source() {
    if cfg!(feature = "hydrate") && !LISTENS.replace(true) {
        browser::copy_formulas();
    }
}

macro_rules! elements {
    ($name:ident, $attributes:ident, $children:ident: $($module:ident::$tag:ident)+) => {
        match $name {
            $(stringify!($tag) => $module::$tag().child($children).add_any_attr($attributes).into_any(),)+
            _ => $children.into_any(),
        }
    };
}

fn element(formula: Formula) -> AnyView {
    let (name, attributes, children) = match formula {
        Formula::Text(text) => return text.replace('\0', "\u{fffd}").into_any(),
        Formula::Element {
            name,
            attributes,
            children,
        } => (name, attributes, children),
    };
    let attributes: Vec<AnyAttribute> = attributes
        .into_iter()
        .map(|(name, value)| custom_attribute(name, value).into_any_attr())
        .collect();
    let children: Vec<AnyView> = children.into_iter().map(element).collect();
    elements!(name, attributes, children:
        mathml::math mathml::semantics mathml::annotation mathml::mrow mathml::mi mathml::mn mathml::mo mathml::mtext mathml::mspace
        mathml::mfrac mathml::msqrt mathml::mroot mathml::msub mathml::msup mathml::msubsup mathml::munder mathml::mover mathml::munderover
        mathml::mmultiscripts mathml::mprescripts mathml::mtable mathml::mtr mathml::mtd mathml::mpadded mathml::mphantom mathml::merror
        mathml::mstyle mathml::ms element::b element::i element::code
    )
}
