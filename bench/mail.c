/* Mail dialogues: SMTP, submission, IMAP and POP3; in clear, STARTTLS, implicit TLS. */
#include "kind.h"
#include "pool.h"
#include "tls.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	HEAD_MAX = 640,
	RUN_LINES_MAX = 4096, /* borrowed at once */
	PIPELINING_PER_CENT = 50,
	UNKNOWN_USER_PER_CENT = 12,
};

struct message {
	char head[HEAD_MAX];
	size_t head_len;
	size_t lines;
	bool is_base64;
};

struct hosts {
	char client[32], server[32];
};

static size_t message_len(const struct message *message)
{
	return message->head_len + message->lines * POOL_LINE_LEN;
}

static void message_write(struct message *message, struct script *script)
{
	struct random *random = script->random;
	const uint32_t size = random_size(random, script->sizes->mail_body, 2);
	const uint32_t number = random_u32(random);

	message->lines = size / POOL_LINE_LEN + 1;
	message->is_base64 = size > 10000;
	const int len = snprintf(message->head, sizeof(message->head),
		"Received: from host%u.example.net (host%u.example.net "
		"[203.0.113.%u])\r\n\tby mail.example.org (Postfix) with ESMTP id "
		"%08X\r\n\tfor <user%u@example.org>; Thu, 1 Oct 2026 08:00:00 +0000\r\n"
		"From: Person %u <person%u@example.net>\r\n"
		"To: <user%u@example.org>\r\nSubject: Report %u\r\n"
		"Message-ID: <%08x@example.net>\r\n"
		"Date: Thu, 1 Oct 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
		"Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n",
		number % 90, number % 90, number % 254 + 1, number, number % 400,
		number % 800, number % 800, number % 400, number % 10000, number,
		message->is_base64 ? "application/pdf; name=\"report.pdf\""
				   : "text/plain; charset=utf-8",
		message->is_base64 ? "base64" : "7bit");

	assert(len > 0 && (size_t)len < sizeof(message->head));
	message->head_len = (size_t)len;
}

static void message_send(
	struct script *script, enum side side, const struct message *message)
{
	script_say(script, side, "%s", message->head);
	for (size_t left = message->lines; left > 0;) {
		const size_t run = left < RUN_LINES_MAX ? left : RUN_LINES_MAX;
		const uint8_t *lines = message->is_base64
					       ? pool_base64(script->random, run)
					       : pool_words(script->random, run);

		script_borrow(script, side, lines, run * POOL_LINE_LEN);
		left -= run;
	}
}

static void name_host(char *name, size_t size, enum place place, struct random *random)
{
	static const char *const fixed[] = {
		[PLACE_MAILBOX] = "mail.example.org",
		[PLACE_RELAY] = "relay.example.org",
		[PLACE_SUBMISSION] = "submission.example.org",
		[PLACE_OUTBOUND] = "mx-out.example.org",
		[PLACE_INBOUND] = "mx-in.example.org",
		[PLACE_INTERNET] = NULL,
	};

	if (fixed[place] != NULL) {
		snprintf(name, size, "%s", fixed[place]);
	} else if (place == PLACE_INTERNET) {
		snprintf(name, size, "mx%u.example.net", random_below(random, 90));
	} else {
		snprintf(name, size, "host%u.example.org", random_below(random, 128));
	}
}

static struct hosts hosts_of(const struct kind *kind, struct random *random)
{
	struct hosts hosts = {"", ""};

	name_host(hosts.client, sizeof(hosts.client), kind->from, random);
	name_host(hosts.server, sizeof(hosts.server), kind->to, random);
	return hosts;
}

static void mail_handshake(struct script *script, const char *server_name)
{
	const struct tls_session session = {
		.version =
			random_chance(script->random, script->sizes->tls_1_3_per_cent)
				? TLS_VERSION_1_3
				: TLS_VERSION_1_2,
		.server_name = server_name,
	};

	tls_handshake(script, &session);
}

/* A command and its answer, as lengths inside TLS. */
static void sealed_exchange(
	struct script *script, size_t command_len, size_t answer_len)
{
	tls_data(script, SIDE_CLIENT, command_len);
	script_pause(script, random_below(script->random, 5000));
	tls_data(script, SIDE_SERVER, answer_len);
}

static void smtp_sealed(struct script *script, bool signs_in)
{
	struct message message;

	sealed_exchange(script, 28, 150); /* EHLO again, RFC 3207, 4.2 */
	if (signs_in) {
		sealed_exchange(script, 60, 38);
	}
	message_write(&message, script);
	sealed_exchange(script, 44, 24);
	sealed_exchange(script, 40, 24);
	sealed_exchange(script, 6, 37);
	tls_data(script, SIDE_CLIENT, message_len(&message));
	script_pause(script, random_size(script->random, 20000, 2));
	tls_data(script, SIDE_SERVER, 48);
	sealed_exchange(script, 6, 20);
}

static void smtp_envelope(struct script *script)
{
	const uint32_t sender = random_below(script->random, 800);
	const uint32_t recipient = random_below(script->random, 400);

	if (random_chance(script->random, PIPELINING_PER_CENT)) { /* RFC 2920 */
		script_say(script, SIDE_CLIENT,
			"MAIL FROM:<person%u@example.net> SIZE=%u\r\n"
			"RCPT TO:<user%u@example.org>\r\nDATA\r\n",
			sender, script->sizes->mail_body, recipient);
		script_say(script, SIDE_SERVER,
			"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
			"354 End data with <CR><LF>.<CR><LF>\r\n");
		return;
	}
	script_say(script, SIDE_CLIENT, "MAIL FROM:<person%u@example.net> SIZE=%u\r\n",
		sender, script->sizes->mail_body);
	script_say(script, SIDE_SERVER, "250 2.1.0 Ok\r\n");
	script_say(script, SIDE_CLIENT, "RCPT TO:<user%u@example.org>\r\n", recipient);
	script_say(script, SIDE_SERVER, "250 2.1.5 Ok\r\n");
	script_say(script, SIDE_CLIENT, "DATA\r\n");
	script_say(script, SIDE_SERVER, "354 End data with <CR><LF>.<CR><LF>\r\n");
}

static void smtp_clear(struct script *script)
{
	const uint32_t least = script->sizes->mail_messages_min;
	const uint32_t messages = random_between(script->random, least > 0 ? least : 1,
		script->sizes->mail_messages_max);
	struct message message;

	if (random_chance(script->random, UNKNOWN_USER_PER_CENT)) {
		script_say(script, SIDE_CLIENT, "MAIL FROM:<person@example.net>\r\n");
		script_say(script, SIDE_SERVER, "250 2.1.0 Ok\r\n");
		for (uint32_t at = 0; at <= least; at++) {
			script_say(script, SIDE_CLIENT,
				"RCPT TO:<nobody@example.org>\r\n");
			script_say(script, SIDE_SERVER, "550 5.1.1 User unknown\r\n");
		}
	} else {
		for (uint32_t at = 0; at < messages; at++) {
			message_write(&message, script);
			smtp_envelope(script);
			message_send(script, SIDE_CLIENT, &message);
			script_say(script, SIDE_CLIENT, ".\r\n");
			script_pause(script, random_size(script->random, 20000, 2));
			script_say(script, SIDE_SERVER,
				"250 2.0.0 Ok: queued as %08X\r\n",
				random_u32(script->random));
		}
	}
	script_say(script, SIDE_CLIENT, "QUIT\r\n");
	script_say(script, SIDE_SERVER, "221 2.0.0 Bye\r\n");
}

static void write_smtp(struct script *script, const struct kind *kind)
{
	const struct hosts hosts = hosts_of(kind, script->random);
	const bool is_submission = kind->to == PLACE_SUBMISSION;

	if (kind->security == SECURITY_IMPLICIT) {
		mail_handshake(script, hosts.server);
		tls_data(script, SIDE_SERVER, 45);
		smtp_sealed(script, is_submission);
		return;
	}
	script_pause(script, random_size(script->random, 10000, 2));
	script_say(script, SIDE_SERVER, "220 %s ESMTP Postfix\r\n", hosts.server);
	script_say(script, SIDE_CLIENT, "EHLO %s\r\n", hosts.client);
	script_say(script, SIDE_SERVER,
		"250-%s\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n%s"
		"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n",
		hosts.server,
		kind->security == SECURITY_STARTTLS || random_chance(script->random, 50)
			? "250-STARTTLS\r\n"
			: "");
	if (kind->security == SECURITY_CLEAR) {
		smtp_clear(script);
		return;
	}
	script_say(script, SIDE_CLIENT, "STARTTLS\r\n");
	script_say(script, SIDE_SERVER, "220 2.0.0 Ready to start TLS\r\n");
	mail_handshake(script, hosts.server);
	smtp_sealed(script, is_submission);
}

/* Like an IMAP or POP3 session: small commands, then messages. */
static void reading_sealed(struct script *script)
{
	const uint32_t messages = random_between(script->random,
		script->sizes->mail_messages_min, script->sizes->mail_messages_max);
	struct message message;

	for (unsigned int at = 0; at < 4; at++) {
		sealed_exchange(script, random_between(script->random, 12, 60),
			random_between(script->random, 30, 500));
	}
	for (uint32_t at = 0; at < messages; at++) {
		message_write(&message, script);
		script_pause(script, random_size(script->random, 30000, 2));
		sealed_exchange(script, 34, message_len(&message) + 50);
	}
	sealed_exchange(script, 12, 60);
}

static void imap_answer(struct script *script, unsigned int tag, const char *verb)
{
	script_say(script, SIDE_SERVER, "a%03u OK %s completed.\r\n", tag, verb);
}

static void imap_clear(struct script *script)
{
	const uint32_t messages = random_between(script->random,
		script->sizes->mail_messages_min, script->sizes->mail_messages_max);
	unsigned int tag = 2;
	struct message message;

	script_say(script, SIDE_CLIENT, "a%03u LOGIN user%u example\r\n", tag,
		random_below(script->random, 400));
	imap_answer(script, tag++, "LOGIN");
	script_say(script, SIDE_CLIENT, "a%03u SELECT INBOX\r\n", tag);
	script_say(script, SIDE_SERVER,
		"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
		"* %u EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1] UIDs valid\r\n",
		messages);
	imap_answer(script, tag++, "SELECT");
	for (uint32_t at = 1; at <= messages; at++) {
		message_write(&message, script);
		script_pause(script, random_size(script->random, 30000, 2));
		script_say(script, SIDE_CLIENT, "a%03u UID FETCH %u (UID BODY[])\r\n",
			tag, at);
		script_say(script, SIDE_SERVER, "* %u FETCH (UID %u BODY[] {%zu}\r\n",
			at, at, message_len(&message));
		message_send(script, SIDE_SERVER, &message);
		script_say(script, SIDE_SERVER, ")\r\n");
		imap_answer(script, tag++, "FETCH");
	}
	script_say(script, SIDE_CLIENT, "a%03u LOGOUT\r\n", tag);
	script_say(script, SIDE_SERVER, "* BYE Logging out\r\n");
	imap_answer(script, tag, "LOGOUT");
}

static void write_imap(struct script *script, const struct kind *kind)
{
	const struct hosts hosts = hosts_of(kind, script->random);

	if (kind->security == SECURITY_IMPLICIT) {
		mail_handshake(script, hosts.server);
		tls_data(script, SIDE_SERVER, 110);
		reading_sealed(script);
		return;
	}
	script_say(script, SIDE_SERVER,
		"* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE STARTTLS "
		"AUTH=PLAIN] %s ready.\r\n",
		hosts.server);
	if (kind->security == SECURITY_CLEAR) {
		script_say(script, SIDE_CLIENT, "a001 CAPABILITY\r\n");
		script_say(script, SIDE_SERVER,
			"* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE "
			"STARTTLS AUTH=PLAIN\r\n");
		imap_answer(script, 1, "CAPABILITY");
		imap_clear(script);
		return;
	}
	script_say(script, SIDE_CLIENT, "a001 STARTTLS\r\n");
	script_say(script, SIDE_SERVER, "a001 OK Begin TLS negotiation now.\r\n");
	mail_handshake(script, hosts.server);
	reading_sealed(script);
}

static void pop3_clear(struct script *script)
{
	const uint32_t messages = random_between(script->random,
		script->sizes->mail_messages_min, script->sizes->mail_messages_max);
	struct message message;

	script_say(script, SIDE_CLIENT, "USER user%u\r\n",
		random_below(script->random, 400));
	script_say(script, SIDE_SERVER, "+OK\r\n");
	script_say(script, SIDE_CLIENT, "PASS example\r\n");
	script_say(script, SIDE_SERVER, "+OK Logged in.\r\n");
	script_say(script, SIDE_CLIENT, "STAT\r\n");
	script_say(script, SIDE_SERVER, "+OK %u %u\r\n", messages, messages * 40000);
	for (uint32_t at = 1; at <= messages; at++) {
		message_write(&message, script);
		script_say(script, SIDE_CLIENT, "RETR %u\r\n", at);
		script_say(script, SIDE_SERVER, "+OK %zu octets\r\n",
			message_len(&message));
		message_send(script, SIDE_SERVER, &message);
		script_say(script, SIDE_SERVER, ".\r\n");
		script_say(script, SIDE_CLIENT, "DELE %u\r\n", at);
		script_say(script, SIDE_SERVER, "+OK Marked to be deleted.\r\n");
	}
	script_say(script, SIDE_CLIENT, "QUIT\r\n");
	script_say(script, SIDE_SERVER, "+OK Logging out.\r\n");
}

static void write_pop3(struct script *script, const struct kind *kind)
{
	const struct hosts hosts = hosts_of(kind, script->random);

	if (kind->security == SECURITY_IMPLICIT) {
		mail_handshake(script, hosts.server);
		tls_data(script, SIDE_SERVER, 24);
		reading_sealed(script);
		return;
	}
	script_say(script, SIDE_SERVER, "+OK %s ready.\r\n", hosts.server);
	script_say(script, SIDE_CLIENT, "CAPA\r\n");
	script_say(script, SIDE_SERVER,
		"+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-"
		"CODES\r\nPIPELINING\r\nSTLS\r\nUSER\r\n"
		"SASL PLAIN\r\n.\r\n");
	if (kind->security == SECURITY_CLEAR) {
		pop3_clear(script);
		return;
	}
	script_say(script, SIDE_CLIENT, "STLS\r\n");
	script_say(script, SIDE_SERVER, "+OK Begin TLS negotiation now.\r\n");
	mail_handshake(script, hosts.server);
	reading_sealed(script);
}

/* The last rows are what the matrix does not allow. */
static const struct kind kinds[] = {
	{14, TRANSPORT_TCP, 25, PLACE_INTERNET, PLACE_INBOUND, SECURITY_STARTTLS,
		write_smtp},
	{7, TRANSPORT_TCP, 25, PLACE_INTERNET, PLACE_INBOUND, SECURITY_CLEAR,
		write_smtp},
	{12, TRANSPORT_TCP, 25, PLACE_INBOUND, PLACE_RELAY, SECURITY_STARTTLS,
		write_smtp},
	{6, TRANSPORT_TCP, 25, PLACE_RELAY, PLACE_MAILBOX, SECURITY_CLEAR, write_smtp},
	{8, TRANSPORT_TCP, 25, PLACE_RELAY, PLACE_OUTBOUND, SECURITY_STARTTLS,
		write_smtp},
	{6, TRANSPORT_TCP, 25, PLACE_OUTBOUND, PLACE_INTERNET, SECURITY_STARTTLS,
		write_smtp},
	{4, TRANSPORT_TCP, 25, PLACE_OUTBOUND, PLACE_INTERNET, SECURITY_CLEAR,
		write_smtp},
	{4, TRANSPORT_TCP, 25, PLACE_SCANNER, PLACE_RELAY, SECURITY_CLEAR, write_smtp},
	{9, TRANSPORT_TCP, 587, PLACE_WORKSTATION, PLACE_SUBMISSION, SECURITY_STARTTLS,
		write_smtp},
	{4, TRANSPORT_TCP, 465, PLACE_WORKSTATION, PLACE_SUBMISSION, SECURITY_IMPLICIT,
		write_smtp},
	{14, TRANSPORT_TCP, 993, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_IMPLICIT,
		write_imap},
	{5, TRANSPORT_TCP, 143, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_STARTTLS,
		write_imap},
	{4, TRANSPORT_TCP, 995, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_IMPLICIT,
		write_pop3},
	{2, TRANSPORT_TCP, 110, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_STARTTLS,
		write_pop3},
	{3, TRANSPORT_TCP, 143, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_CLEAR,
		write_imap},
	{3, TRANSPORT_TCP, 110, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_CLEAR,
		write_pop3},
	{1, TRANSPORT_TCP, 25, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_CLEAR,
		write_smtp},
	{1, TRANSPORT_TCP, 2525, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_STARTTLS,
		write_smtp},
};

const struct kind *mail_pick(struct random *random)
{
	return kind_pick(kinds, sizeof(kinds) / sizeof(kinds[0]), random);
}

/* In a hundred: 40 in clear, 30 with STARTTLS, 30 in TLS; of each a tenth on another port. */
static const struct kind dialogues[] = {
	{10, TRANSPORT_TCP, 25, PLACE_INTERNET, PLACE_INBOUND, SECURITY_CLEAR,
		write_smtp},
	{8, TRANSPORT_TCP, 25, PLACE_RELAY, PLACE_MAILBOX, SECURITY_CLEAR, write_smtp},
	{7, TRANSPORT_TCP, 25, PLACE_OUTBOUND, PLACE_INTERNET, SECURITY_CLEAR,
		write_smtp},
	{4, TRANSPORT_TCP, 25, PLACE_SCANNER, PLACE_RELAY, SECURITY_CLEAR, write_smtp},
	{4, TRANSPORT_TCP, 143, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_CLEAR,
		write_imap},
	{3, TRANSPORT_TCP, 110, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_CLEAR,
		write_pop3},
	{2, TRANSPORT_TCP, 2525, PLACE_WORKSTATION, PLACE_RELAY, SECURITY_CLEAR,
		write_smtp},
	{2, TRANSPORT_TCP, 10143, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_CLEAR,
		write_imap},
	{9, TRANSPORT_TCP, 25, PLACE_INTERNET, PLACE_INBOUND, SECURITY_STARTTLS,
		write_smtp},
	{6, TRANSPORT_TCP, 25, PLACE_INBOUND, PLACE_RELAY, SECURITY_STARTTLS,
		write_smtp},
	{5, TRANSPORT_TCP, 25, PLACE_RELAY, PLACE_OUTBOUND, SECURITY_STARTTLS,
		write_smtp},
	{5, TRANSPORT_TCP, 587, PLACE_WORKSTATION, PLACE_SUBMISSION, SECURITY_STARTTLS,
		write_smtp},
	{2, TRANSPORT_TCP, 143, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_STARTTLS,
		write_imap},
	{3, TRANSPORT_TCP, 2525, PLACE_WORKSTATION, PLACE_SUBMISSION, SECURITY_STARTTLS,
		write_smtp},
	{7, TRANSPORT_TCP, 465, PLACE_WORKSTATION, PLACE_SUBMISSION, SECURITY_IMPLICIT,
		write_smtp},
	{15, TRANSPORT_TCP, 993, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_IMPLICIT,
		write_imap},
	{5, TRANSPORT_TCP, 995, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_IMPLICIT,
		write_pop3},
	{3, TRANSPORT_TCP, 10993, PLACE_WORKSTATION, PLACE_MAILBOX, SECURITY_IMPLICIT,
		write_imap},
};

const struct kind *dialogue_pick(struct random *random)
{
	return kind_pick(dialogues, sizeof(dialogues) / sizeof(dialogues[0]), random);
}
