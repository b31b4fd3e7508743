//! The blocks of a message's content, as parts of OpenAI's.

use serde_json::{Map, Value, json};

use super::object::Object;
use crate::api::gateway::kind_of;
use crate::error::Refusal;

/// What a content is: a string, or a list of blocks.
pub(super) fn blocks(content: Option<Value>, at: &str) -> Result<Vec<Object>, Refusal> {
    match content {
        Some(Value::String(text)) => {
            let block = Map::from_iter([
                ("type".to_owned(), json!("text")),
                ("text".to_owned(), Value::String(text)),
            ]);
            Object::all(vec![Value::Object(block)], at)
        }
        Some(Value::Array(list)) => Object::all(list, at),
        Some(other) => {
            let mend = format!(
                "give a string or a list of blocks; this is {}",
                kind_of(&other)
            );
            Err(Refusal::at(at, &mend))
        }
        None => Err(Refusal::at(at, "give a string or a list of blocks")),
    }
}

/// A text, an image or a document, whoever shows it.
pub(super) fn parts(mut block: Object, parts: &mut Vec<Value>) -> Result<(), Refusal> {
    let kind = block.kind("give text, image or document")?;
    let cache = block.take("cache_control");
    let before = parts.len();
    match kind.as_str() {
        "text" => {
            let text = block.needed_text("text", "give the text")?;
            parts.push(json!({"type": "text", "text": text}));
        }
        "image" => parts.push(image(&mut block)?),
        "document" => document(&mut block, parts)?,
        "search_result" => {
            let [title, source] = ["title", "source"].map(|key| block.text(key));
            let mut text = format!(
                "{}\n{}",
                title?.unwrap_or_default(),
                source?.unwrap_or_default()
            );
            for mut found in blocks(block.take("content"), &block.place("content"))? {
                text.push('\n');
                text.push_str(&found.needed_text("text", "give the text")?);
            }
            parts.push(json!({"type": "text", "text": text}));
        }
        other => {
            let mend = format!("{other:?} cannot be passed on; give text, image or document");
            return Err(block.refuse("type", &mend));
        }
    }
    if let (Some(cache), true, Some(last)) = (cache, parts.len() > before, parts.last_mut()) {
        last["cache_control"] = cache;
    }
    Ok(())
}

fn image(block: &mut Object) -> Result<Value, Refusal> {
    let place = block.place("source");
    let source = block.object("source")?;
    let mut source = source.ok_or_else(|| Refusal::at(place, "give the image's source"))?;
    let url = match source.kind("give base64 or url")?.as_str() {
        "base64" => data_url(&mut source)?,
        // Evenkeel fetches nothing: a provider that does gets it as it is, and the others refuse it.
        "url" => source.needed_text("url", "give the image's address")?,
        other => {
            let mend = format!("{other:?} cannot be passed on; give base64");
            return Err(source.refuse("type", &mend));
        }
    };
    Ok(json!({"type": "image_url", "image_url": {"url": url}}))
}

fn data_url(source: &mut Object) -> Result<String, Refusal> {
    let kind = source.needed_text("media_type", "give the media type, like image/png")?;
    let data = source.needed_text("data", "give the bytes in base64")?;
    Ok(format!("data:{kind};base64,{data}"))
}

fn document(block: &mut Object, parts: &mut Vec<Value>) -> Result<(), Refusal> {
    if let Some(mut citations) = block.object("citations")?
        && citations.flag("enabled")? == Some(true)
    {
        return Err(citations.refuse("enabled", "citations are not passed on; leave them out"));
    }
    let (title, context) = (block.text("title")?, block.text("context")?);
    let place = block.place("source");
    let source = block.object("source")?;
    let mut source = source.ok_or_else(|| Refusal::at(place, "give the document's source"))?;
    let kind = source.kind("give base64, text or content")?;
    if kind != "base64" {
        // What stands above a document that is text; a file has a name instead.
        let head = [&title, &context].into_iter().flatten();
        parts.extend(head.map(|text| json!({"type": "text", "text": text})));
    }
    match kind.as_str() {
        "base64" => {
            let data = data_url(&mut source)?;
            let name = title.unwrap_or_else(|| "document.pdf".to_owned());
            let file = json!({"filename": name, "file_data": data});
            parts.push(json!({"type": "file", "file": file}));
        }
        "text" => {
            let text = source.needed_text("data", "give the text")?;
            parts.push(json!({"type": "text", "text": text}));
        }
        "content" => {
            for block in blocks(source.take("content"), &source.place("content"))? {
                self::parts(block, parts)?;
            }
        }
        other => {
            let mend = format!("{other:?} cannot be passed on; give base64 or text");
            return Err(source.refuse("type", &mend));
        }
    }
    Ok(())
}

/// A list of parts as a content: the words alone where they are all there is, since not every provider takes lists.
pub(super) fn content(parts: Vec<Value>, between: &str) -> Value {
    let plain = |part: &Value| part.get("cache_control").is_none() && part["type"] == "text";
    if !parts.iter().all(plain) {
        return Value::Array(parts);
    }
    let texts = parts.iter().filter_map(|part| part["text"].as_str());
    Value::String(texts.collect::<Vec<_>>().join(between))
}
