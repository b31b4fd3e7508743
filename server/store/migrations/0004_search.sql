-- Full text over messages and titles. The indexes hold no text of their own: they read it from the tables, by place.
-- An answer comes into the index when it is saved for the last time; while it streams, saving it costs nothing here.
CREATE VIRTUAL TABLE messages_index USING fts5 (
    text, content = 'messages', content_rowid = 'place', prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE titles_index USING fts5 (
    title, content = 'conversations', content_rowid = 'place', prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER messages_index_inserted AFTER INSERT ON messages WHEN new.status <> 'streaming' BEGIN
    INSERT INTO messages_index (rowid, text) VALUES (new.place, new.text);
END;
CREATE TRIGGER messages_index_deleted AFTER DELETE ON messages WHEN old.status <> 'streaming' BEGIN
    INSERT INTO messages_index (messages_index, rowid, text) VALUES ('delete', old.place, old.text);
END;
CREATE TRIGGER messages_index_ended AFTER UPDATE OF status ON messages
WHEN old.status = 'streaming' AND new.status <> 'streaming' BEGIN
    INSERT INTO messages_index (rowid, text) VALUES (new.place, new.text);
END;
-- No statement does this today. One that will must not leave the index with words that are no longer there.
CREATE TRIGGER messages_index_changed AFTER UPDATE OF text ON messages
WHEN old.status <> 'streaming' AND old.text <> new.text BEGIN
    INSERT INTO messages_index (messages_index, rowid, text) VALUES ('delete', old.place, old.text);
    INSERT INTO messages_index (rowid, text) VALUES (new.place, new.text);
END;

CREATE TRIGGER titles_index_inserted AFTER INSERT ON conversations BEGIN
    INSERT INTO titles_index (rowid, title) VALUES (new.place, new.title);
END;
CREATE TRIGGER titles_index_deleted AFTER DELETE ON conversations BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.place, old.title);
END;
CREATE TRIGGER titles_index_changed AFTER UPDATE OF title ON conversations WHEN old.title <> new.title BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.place, old.title);
    INSERT INTO titles_index (rowid, title) VALUES (new.place, new.title);
END;

INSERT INTO messages_index (rowid, text) SELECT place, text FROM messages WHERE status <> 'streaming';
INSERT INTO titles_index (rowid, title) SELECT place, title FROM conversations;
