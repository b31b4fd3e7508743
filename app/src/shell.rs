//! The document around the page, which only the server writes.

use leptos::prelude::*;
use leptos_meta::HashedStylesheet;

use crate::navigation::Page;
use crate::state::Phase;
use crate::{App, Boot, BootPage};

/// The whole document, as the server sends it. It expects a [`Boot`] in the context.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // A data block: never executed, so the policy needs no exception for it.
    let boot = use_context::<Boot>();
    // A title has no elements in it, and Leptos would mark the end of a text with one.
    let title = boot.as_ref().map(title).unwrap_or_default();
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
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
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
            </head>
            <body>
                <App />
                <script type="application/json" id="boot" inner_html=boot></script>
            </body>
        </html>
    }
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
