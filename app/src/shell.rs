//! The document around the page, which only the server writes.

use leptos::WasmSplitManifest;
use leptos::prelude::*;
use leptos_meta::HashedStylesheet;

use crate::navigation::Page;
use crate::pages::LATE_STYLE;
use crate::state::Phase;
use crate::{App, Boot, BootPage};

/// The whole document, as the server sends it. It expects a [`Boot`] in the context.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // A data block: never executed, so the policy needs no exception for it.
    let boot = use_context::<Boot>();
    // A title has no elements in it, and Leptos would mark the end of a text with one.
    let title = boot.as_ref().map(title).unwrap_or_default();
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    let late_style = boot.as_ref().and_then(|boot| late_style(&boot.page));
    let part = boot.as_ref().and_then(|boot| part_of(&boot.page));
    let boot = boot.and_then(|boot| serde_json::to_string(&boot).ok());
    let boot = boot.unwrap_or_default().replace('<', "\\u003c");
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <title inner_html=title></title>
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="description" content="A chat that keeps answering when models fail." />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fafaf8" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#14181b" />
                <script src="/early.js"></script>
                <HashedStylesheet options=options.clone() id="style" />
                {late_style}
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                {part.map(preloads)}
            </head>
            <body>
                <App />
                <script type="application/json" id="boot" inner_html=boot></script>
            </body>
        </html>
    }
}

/// The part that a page cannot begin without; `late::load_for` waits for the same.
fn part_of(page: &BootPage) -> Option<&'static str> {
    match page {
        BootPage::Admin(_) => Some("admin"),
        BootPage::Debug(_) => Some("debug"),
        // Messages come to life after the page around them, and what they need takes nothing from what that needs.
        BootPage::Conversation(_) | BootPage::ConversationEnd(_) => None,
        BootPage::New | BootPage::NotFound => None,
    }
}

/// The style sheet of the pages that are fetched late.
fn late_style(page: &BootPage) -> Option<impl IntoView + use<>> {
    match page {
        BootPage::Admin(_) | BootPage::Debug(_) => {
            Some(view! { <link rel="stylesheet" href=LATE_STYLE /> })
        }
        BootPage::New
        | BootPage::Conversation(_)
        | BootPage::ConversationEnd(_)
        | BootPage::NotFound => None,
    }
}

/// What the page hydrates with is fetched beside the first file, not after it has begun.
fn preloads(part: &'static str) -> Option<impl IntoView> {
    // The scripts above give what they know of the files to whoever comes after them.
    let WasmSplitManifest(manifest) = use_context()?;
    let (root, files, script) = manifest.try_get_value()?;
    let file = |name: &String| {
        let href = format!("{root}/{name}.wasm");
        view! { <link rel="preload" href=href r#as="fetch" r#type="application/wasm" crossorigin="" fetchpriority="low" /> }
    };
    let files: Vec<_> = files.get(part)?.iter().map(file).collect();
    Some(view! {
        <link rel="modulepreload" href=format!("{root}/{script}") crossorigin="" />
        {files}
    })
}

/// The document's title; in the browser the page goes on with it.
fn title(boot: &Boot) -> String {
    let name = match &boot.page {
        BootPage::Conversation(transcript) | BootPage::ConversationEnd(transcript) => {
            Some(transcript.conversation.title.as_str())
        }
        BootPage::New | BootPage::Admin(..) | BootPage::Debug(..) | BootPage::NotFound => None,
    };
    Page::of(&boot.page).title(Phase::Ready, name)
}
