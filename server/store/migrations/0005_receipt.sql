-- What a receipt is added up from, without reading any text: all answers that a run wrote, and which of them had a
-- failure on their way.
CREATE INDEX answers_by_principal ON messages (
    principal, conversation_id, status, simulated, fallback, requested_model, created_at, id
) WHERE run_id IS NOT NULL;
CREATE INDEX failed_attempts ON attempts (message_id, attempt_index) WHERE state = 'failed';
