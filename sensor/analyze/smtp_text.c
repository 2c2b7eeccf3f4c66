/* The message texts of an SMTP session: their headers, and one transaction for each. */
#include "analyze/note.h"
#include "analyze/smtp.h"

#define TRANSACTION_BYTES_MAX      ((UINT64_C(1) << 40) - 1)
#define TRANSACTION_RECIPIENTS_MAX ((UINT32_C(1) << 24) - 1)

/* Add the message that is done to those the facts hold. */
static void transaction_close(struct smtp *smtp, struct facts *facts, uint64_t queue_id)
{
	facts->transactions[facts->transaction_count % FACTS_TRANSACTIONS] =
		(struct facts_transaction){
			.bytes = smtp->text_bytes < TRANSACTION_BYTES_MAX
					 ? smtp->text_bytes & TRANSACTION_BYTES_MAX
					 : TRANSACTION_BYTES_MAX,
			.queue_id = queue_id,
			.received_id = smtp->header.received_id,
			.received_from = smtp->header.received_from,
			.recipients = smtp->recipients_ok < TRANSACTION_RECIPIENTS_MAX
					      ? smtp->recipients_ok &
							TRANSACTION_RECIPIENTS_MAX
					      : TRANSACTION_RECIPIENTS_MAX,
		};
	facts->transaction_count++;
	smtp->text_state = SMTP_TEXT_NONE;
}

/* The message was taken. The last few different ones are kept. */
static void sender_note(const struct smtp *smtp, struct facts *facts)
{
	if (smtp->sender[0] == '\0') {
		return;
	}
	struct facts_sender sender = {0};
	memcpy(sender.domain, smtp->sender, sizeof(sender.domain));
	memcpy(sender.author, smtp->header.author, sizeof(sender.author));
	for (uint32_t i = 0; i < FACTS_SENDERS; i++) {
		if (memcmp(&facts->senders[i], &sender, sizeof(sender)) == 0) {
			return;
		}
	}
	facts->senders[facts->sender_count % FACTS_SENDERS] = sender;
	facts->sender_count++;
}

void smtp_message_note(struct smtp *smtp, struct facts *facts)
{
	if (smtp->unheard == 0) {
		note_message(facts);
	} else {
		smtp->unheard--; /* one port of a TAP is read late, or the first piece was lost */
	}
}

void smtp_text_begin(struct smtp *smtp, struct facts *facts, bool is_stuffed)
{
	if (smtp->text_state == SMTP_TEXT_ENDED) {
		transaction_close(smtp, facts, 0);
	}
	header_start(&smtp->header, is_stuffed, smtp->has_sender);
	smtp->text_state = SMTP_TEXT_OPEN;
	smtp->text_bytes = 0;
	smtp_message_note(smtp, facts);
}

void smtp_text_bytes(struct smtp *smtp, struct facts *facts, struct text bytes)
{
	smtp->text_bytes += bytes.len;
	if (header_is_open(&smtp->header)) {
		header_bytes(&smtp->header, facts, bytes);
	}
}

void smtp_text_end(struct smtp *smtp, struct facts *facts)
{
	if (smtp->text_state == SMTP_TEXT_OPEN) {
		header_end(&smtp->header, facts);
		smtp->text_state = SMTP_TEXT_ENDED;
		if (!facts->has_server_bytes) { /* there is nobody to ask */
			sender_note(smtp, facts);
		}
	}
}

void smtp_text_lost(struct smtp *smtp)
{
	header_lost(&smtp->header);
	smtp->text_state = SMTP_TEXT_NONE;
}

/* Postfix "queued as ID", Exim "id=ID", Sendmail "ID Message accepted": those that Received names too. */
static struct text queue_id(struct text answer)
{
	struct text before = {.at = answer.at, .len = 0};
	for (struct text word = text_word(&answer); word.len > 0;
		word = text_word(&answer)) {
		if (text_is(before, "as")) {
			return word;
		}
		if (text_starts(word, "id=")) {
			return (struct text){word.at + 3, word.len - 3};
		}
		if (text_is(word, "Message")) {
			return before;
		}
		before = word;
	}
	return (struct text){.at = answer.at, .len = 0};
}

void smtp_text_answer(
	struct smtp *smtp, struct facts *facts, uint16_t code, struct text answer)
{
	if (smtp->text_state != SMTP_TEXT_ENDED) {
		return;
	}
	if (code < 300) {
		sender_note(smtp, facts);
		transaction_close(smtp, facts, header_word_hash(queue_id(answer)));
	} else {
		smtp->text_state = SMTP_TEXT_NONE;
	}
}
