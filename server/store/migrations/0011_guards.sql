-- What guards did to an answer's turn, as JSON; null where they did nothing.
ALTER TABLE messages ADD COLUMN guards TEXT;
