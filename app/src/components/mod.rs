//! The parts of which the pages are made; one a file.

mod announcer;
mod answer;
mod attempts;
mod circuit;
mod clock;
mod code;
mod composer;
mod connection;
mod copy;
mod exhausted;
pub(crate) mod icon;
mod markdown;
mod message;
mod model_picker;
mod sidebar;
mod simulated;
mod theme;
mod transcript;

pub(crate) use announcer::Announcer;
pub(crate) use answer::answer;
pub(crate) use attempts::Attempts;
pub(crate) use circuit::{Circuit, Switches};
pub(crate) use clock::{Countdown, LocalTime};
pub(crate) use code::Code;
pub(crate) use composer::Composer;
pub(crate) use connection::ConnectionLine;
pub(crate) use copy::CopyButton;
pub(crate) use exhausted::Exhausted;
pub(crate) use icon::Icon;
pub(crate) use markdown::{Growing, blocks};
pub(crate) use message::{Message, PendingMessage};
pub(crate) use model_picker::ModelPicker;
pub(crate) use sidebar::Sidebar;
pub(crate) use simulated::Simulated;
pub(crate) use theme::ThemeSwitch;
pub(crate) use transcript::Transcript;
