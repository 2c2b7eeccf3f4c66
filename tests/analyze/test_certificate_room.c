/* A certificate inside STARTTLS, and the lines it shares its room with. */
#include "certificate_maker.h"
#include "hello_maker.h"
#include "talk.h"

#define GO_AHEAD    "220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n"
#define FATAL_ALERT "\x15\x03\x03\0\2\2\x28"
#define LONG_NAME                                                                  \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUBJECT "O=Example?, Inc, CN=mail.example.org"

static struct script hello;       /* the server's, in its record */
static struct script certificate; /* the same */

static int make(void **state)
{
	(void)state;
	static uint8_t der[2048];
	static struct script messages;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const struct certificate_wish wish = {.common_name = "mail.example.org",
		.digest = "SHA256",
		.not_before_s = 1700000000,
		.not_after_s = 1800000000,
		.key = key};
	const size_t len = certificate_make(&wish, der, sizeof(der));
	EVP_PKEY_free(key);
	put_server_hello(&messages, 0xc02f, "", 0);
	put_records(&hello, &messages, 16384);
	messages.len = 0;
	put_certificates(&messages, der, len, 0);
	put_records(&certificate, &messages, 16384);
	return 0;
}

static struct talk_step shown(enum talk_who who, const struct script *script)
{
	return (struct talk_step){who, (const char *)script->bytes, script->len};
}

static void assert_shown(const struct facts *facts)
{
	const struct facts_certificate *seen = &facts->session.server_certificate;
	assert_int_equal(facts->tls, FACTS_TLS_STARTTLS);
	assert_int_equal(seen->visibility, FACTS_SEEN);
	assert_string_equal(seen->subject, SUBJECT);
	assert_string_equal(seen->names, "mail.example.org");
	assert_int_equal(strlen(seen->fingerprint), 64);
}

static void text_behind_a_certificate_and_an_alert_is_read_to_the_letter(void **state)
{
	(void)state;
	const struct talk_step steps[] = {C("EHLO c\r\nSTARTTLS\r\n"), S(GO_AHEAD),
		C(TALK_CLIENT_HELLO), shown(TALK_SERVER, &hello),
		shown(TALK_SERVER, &certificate), C(FATAL_ALERT),
		C("MAIL FROM:<a@sender.example>\r\nRCPT TO:<b@c>\r\n"),
		S("250 ok\r\n250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, steps, 5);
	assert_shown(&facts);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_NOT_SEEN);
	assert_string_equal(facts.mail_from_domain, "sender.example");
	assert_int_equal(facts.rcpt_count, 1);
	talk_sweep(PROTOCOL_SMTP, STEPS(steps));
}

/* A server may play TLS while its client goes on in clear. */
static void lines_of_the_other_side_leave_a_certificate_whole(void **state)
{
	(void)state;
	const struct talk_step steps[] = {C("EHLO c\r\nSTARTTLS\r\n"), S(GO_AHEAD),
		C("MAIL FROM:<a@sender.exa"), shown(TALK_SERVER, &hello),
		shown(TALK_SERVER, &certificate), C("mple>\r\nRCPT TO:<"), C(LONG_NAME),
		C("@c.example>\r\nRCPT TO:<b@c>\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
	assert_shown(&facts);
	assert_string_equal(facts.mail_from_domain, "sender.example");
	assert_int_equal(facts.rcpt_count, 2);
	talk_sweep(PROTOCOL_SMTP, STEPS(steps));
}

/* A long line of the client stands in the room when the certificate comes. */
static void a_long_line_gives_way_to_a_certificate(void **state)
{
	(void)state;
	const struct talk_step steps[] = {C("EHLO c\r\nSTARTTLS\r\n"), S(GO_AHEAD),
		C("MAIL FROM:<a@sender.example>\r\nRCPT TO:<" LONG_NAME),
		shown(TALK_SERVER, &hello), shown(TALK_SERVER, &certificate),
		C(LONG_NAME "@c.example>\r\nRCPT TO:<b@c>\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
	assert_shown(&facts);
	assert_int_equal(facts.rcpt_count, 2);
	talk_sweep(PROTOCOL_SMTP, STEPS(steps));
}

/* The hello was read as text, too: nothing of it, or of the certificate, stands before a reply. */
static void a_reply_behind_a_certificate_begins_its_line(void **state)
{
	(void)state;
	const struct talk_step steps[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250-x\r\n250 STARTTLS\r\n"), C("STARTTLS\r\n"), C(TALK_CLIENT_HELLO),
		shown(TALK_SERVER, &hello), shown(TALK_SERVER, &certificate),
		C(FATAL_ALERT), C("AUTH PLAIN AGEAYg==\r\n"), S("454 no\r\n")};
	/* one port of a TAP is read first */
	const struct talk_step early[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250-x\r\n250 STARTTLS\r\n"), C("STARTTLS\r\n"), C(TALK_CLIENT_HELLO),
		S("220 go\r\n"), shown(TALK_SERVER, &hello),
		shown(TALK_SERVER, &certificate), C(FATAL_ALERT),
		C("AUTH PLAIN AGEAYg==\r\n"), S("235 in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, steps, 7);
	assert_shown(&facts);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
	assert_int_equal(
		facts.starttls & FACTS_STARTTLS_REFUSED, FACTS_STARTTLS_REFUSED);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(early));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
}

/* Who opened the connection serves: certificate and replies come the other way. */
static void a_certificate_finds_room_whichever_way_it_comes(void **state)
{
	(void)state;
	const struct talk_step steps[] = {S("EHLO c\r\nSTARTTLS\r\n"), C(GO_AHEAD),
		S("MAIL FROM:<a@sender.exa"), shown(TALK_CLIENT, &hello),
		shown(TALK_CLIENT, &certificate), S("mple>\r\n")};
	for (size_t piece = 1; piece <= 64; piece *= 64) {
		struct talk talk;
		talk_open(&talk, PROTOCOL_SMTP, false);
		dialogue_turn(&talk.dialogue);
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
			talk_step(&talk, &steps[i], SIZE_MAX, piece);
		}
		talk_close(&talk);
		assert_shown(&talk.dialogue.facts);
		assert_string_equal(
			talk.dialogue.facts.mail_from_domain, "sender.example");
	}
}

/* Without the hello it proves TLS as well: nothing is read as text behind it. */
static void a_certificate_alone_is_the_server_s_part(void **state)
{
	(void)state;
	const struct talk_step steps[] = {C("EHLO c\r\nSTARTTLS\r\n"), S(GO_AHEAD),
		C(TALK_CLIENT_HELLO), SERVER_GAP(100),
		shown(TALK_SERVER, &certificate)};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
	assert_shown(&facts);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_HELLO, FACTS_STARTTLS_HELLO);
	/* one that cannot be read takes no room, and proves nothing */
	struct script broken = certificate;
	memset(broken.bytes + 30, 0, 60);
	struct talk_step unread[sizeof(steps) / sizeof(*steps)];
	memcpy(unread, steps, sizeof(steps));
	unread[4] = shown(TALK_SERVER, &broken);
	const struct facts other = talk_facts(PROTOCOL_SMTP, false, STEPS(unread));
	assert_int_equal(other.session.server_certificate.visibility, FACTS_UNREADABLE);
	assert_int_equal(other.starttls & FACTS_STARTTLS_HELLO, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			text_behind_a_certificate_and_an_alert_is_read_to_the_letter),
		cmocka_unit_test(lines_of_the_other_side_leave_a_certificate_whole),
		cmocka_unit_test(a_long_line_gives_way_to_a_certificate),
		cmocka_unit_test(a_reply_behind_a_certificate_begins_its_line),
		cmocka_unit_test(a_certificate_finds_room_whichever_way_it_comes),
		cmocka_unit_test(a_certificate_alone_is_the_server_s_part),
	};
	return cmocka_run_group_tests(tests, make, NULL);
}
