-- Nothing searches a temporary conversation, so its words come into no index: an index may keep words for long after they
-- were taken out of it. What was indexed has a row in `messages_index_docsize`; only that can be taken out.
DROP TRIGGER messages_index_inserted;
CREATE TRIGGER messages_index_inserted AFTER INSERT ON messages
WHEN new.status <> 'streaming' AND NOT (SELECT temporary FROM conversations WHERE id = new.conversation_id) BEGIN
    INSERT INTO messages_index (rowid, text) VALUES (new.place, new.text);
END;
DROP TRIGGER messages_index_ended;
CREATE TRIGGER messages_index_ended AFTER UPDATE OF status ON messages
WHEN old.status = 'streaming' AND new.status <> 'streaming'
    AND NOT (SELECT temporary FROM conversations WHERE id = new.conversation_id) BEGIN
    INSERT INTO messages_index (rowid, text) VALUES (new.place, new.text);
END;
DROP TRIGGER messages_index_deleted;
CREATE TRIGGER messages_index_deleted AFTER DELETE ON messages
WHEN EXISTS (SELECT 1 FROM messages_index_docsize WHERE id = old.place) BEGIN
    INSERT INTO messages_index (messages_index, rowid, text) VALUES ('delete', old.place, old.text);
END;
DROP TRIGGER messages_index_changed;
CREATE TRIGGER messages_index_changed AFTER UPDATE OF text ON messages
WHEN old.status <> 'streaming' AND old.text <> new.text
    AND EXISTS (SELECT 1 FROM messages_index_docsize WHERE id = old.place) BEGIN
    INSERT INTO messages_index (messages_index, rowid, text) VALUES ('delete', old.place, old.text);
    INSERT INTO messages_index (rowid, text) VALUES (new.place, new.text);
END;

DROP TRIGGER titles_index_inserted;
CREATE TRIGGER titles_index_inserted AFTER INSERT ON conversations WHEN NOT new.temporary BEGIN
    INSERT INTO titles_index (rowid, title) VALUES (new.place, new.title);
END;
DROP TRIGGER titles_index_deleted;
CREATE TRIGGER titles_index_deleted AFTER DELETE ON conversations
WHEN EXISTS (SELECT 1 FROM titles_index_docsize WHERE id = old.place) BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.place, old.title);
END;
DROP TRIGGER titles_index_changed;
CREATE TRIGGER titles_index_changed AFTER UPDATE OF title ON conversations
WHEN old.title <> new.title AND EXISTS (SELECT 1 FROM titles_index_docsize WHERE id = old.place) BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.place, old.title);
    INSERT INTO titles_index (rowid, title) VALUES (new.place, new.title);
END;
