//! A piece of the page that the server has rendered, and that comes to life as soon as the part which shows it is here. Until
//! then it stands as it is, and the rest of the page does not wait for it.

use futures::future::LocalBoxFuture;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::view::{Mountable, Position, PositionState};

use crate::store::Store;

/// Brings to life what the server has rendered into `place`, when `here` has come: takes it over where it is still `current`,
/// and makes it anew where something has changed meanwhile.
pub(super) fn later(
    place: NodeRef<Div>,
    here: LocalBoxFuture<'static, ()>,
    current: impl Fn() -> bool + 'static,
    view: impl FnOnce() -> AnyView + 'static,
) {
    let store = Store::here();
    store.whole.set(false);
    let Some(around) = Owner::current() else {
        return;
    };
    let kept = StoredValue::new_local(None);
    leptos::task::spawn_local(async move {
        here.await;
        // The reader may have left the page.
        let Some(place) = place.try_get_untracked().flatten() else {
            return store.whole.set(true);
        };
        let owner = around.child();
        let shown = owner.with(|| {
            // What is in it begins as the server has rendered it, whatever the rest of the page has become.
            provide_context(store.beginning());
            if current() {
                let begin = PositionState::new(Position::FirstChild);
                view().hydrate::<true>(&Cursor::new((*place).clone().into()), &begin)
            } else {
                place.set_inner_html("");
                let mut made = view().build();
                made.mount(&place, None);
                made
            }
        });
        // Without them, the signals in it would end.
        let _ = kept.try_set_value(Some((owner, shown)));
        store.whole.set(true);
    });
}
