-- Where an answer changed its model, as JSON; null where it did not. They are read and written with their message alone.
ALTER TABLE messages ADD COLUMN seams TEXT;
