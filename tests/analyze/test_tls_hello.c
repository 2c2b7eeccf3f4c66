#include "analyze/tls_hello.h"

#include "tls_feed.h"

enum { TYPE_PADDING = 21 };

static struct script message;
static struct script records;
static struct script answer;

static int open_context(void **state)
{
	(void)state;
	struct reason why;
	return tls_context_init(&context, 2, &why) ? 0 : 1;
}

static int start(void **state)
{
	(void)state;
	session = (struct tls_session){0};
	facts = (struct facts){0};
	message.len = 0;
	records.len = 0;
	answer.len = 0;
	return 0;
}

static enum tls_result feed(
	enum direction way, const struct script *script, size_t piece)
{
	return feed_pieces(way, script->bytes, script->len, piece);
}

static void put_extension(struct script *out, uint16_t type, size_t len)
{
	put_number(out, type, 2);
	put_number(out, len, 2);
	put_fill(out, 0, len);
}

/* Where the filling of a hello stands, in bytes. */
struct filling {
	size_t suites;
	size_t before; /* the extensions that say something */
	size_t behind;
};

/* Of TLS 1.3, asking for mail.example.org and the ALPN of IMAP. */
static void put_filled_hello(const struct filling *filling)
{
	const size_t body = open_message(&message, 1);
	put_number(&message, 0x0303, 2);
	put_fill(&message, 7, 32);
	put_number(&message, 0, 1);
	put_number(&message, 2 + filling->suites, 2);
	put_number(&message, 0x1301, 2);
	put_fill(&message, 0x5a, filling->suites);
	put_number(&message, 0x0100, 2);
	const size_t extensions = open_vector(&message, 2);
	if (filling->before > 0) {
		put_extension(&message, TYPE_PADDING, filling->before);
	}
	put(&message, "\x00\x00\x00\x15\x00\x13\x00\x00\x10mail.example.org", 25);
	put(&message, "\x00\x10\x00\x07\x00\x05\x04imap", 11);
	put(&message, "\x00\x2b\x00\x05\x04\x03\x04\x03\x03", 9);
	if (filling->behind > 0) {
		put_extension(&message, TYPE_PADDING, filling->behind);
	}
	close_vector(&message, extensions, 2);
	close_message(&message, body);
}

static void assert_hello_read(bool is_whole)
{
	const struct facts_tls_session *seen = &facts.session;
	assert_true(seen->has_client_hello);
	assert_int_equal(seen->offered_version, 0x0304);
	assert_string_equal(seen->sni, "mail.example.org");
	assert_string_equal(seen->alpn_offered, "imap");
	assert_int_equal(strlen(seen->ja3), is_whole ? 32 : 0);
	assert_int_equal(strlen(seen->ja4), is_whole ? 36 : 0);
}

static void read_filled_hello(
	const struct filling *filling, size_t record, size_t piece)
{
	(void)start(NULL);
	put_filled_hello(filling);
	put_records(&records, &message, record);
	assert_int_equal(feed(UP, &records, piece), TLS_GO_ON);
	assert_hello_read(message.len - 4 <= TLS_HANDSHAKE_BYTES_MAX);
	assert_int_equal(context.handshakes.used, 0);
}

static void a_hello_longer_than_a_slot_shows_what_it_asks_for(void **state)
{
	(void)state;
	static const struct filling FILLINGS[] = {
		{0, 0, 16}, /* one that is whole */
		{0, 0, 32500},
		{0, 0, 65000},
		{0, 40000, 0},
		{0, 65000, 0},
		{0, 30000, 30000},
		{65000, 0, 0},
		{32620, 0, 0},
		{65000, 32000, 32000},
	};
	static const size_t PIECES[] = {1, 1460, 16384, SCRIPT_BYTES};
	for (size_t i = 0; i < sizeof(FILLINGS) / sizeof(FILLINGS[0]); i++) {
		for (size_t j = 0; j < sizeof(PIECES) / sizeof(PIECES[0]); j++) {
			read_filled_hello(&FILLINGS[i], 16384, PIECES[j]);
			read_filled_hello(&FILLINGS[i], 1000, PIECES[j]);
		}
	}
}

static void a_hello_that_just_fits_keeps_its_fingerprint(void **state)
{
	(void)state;
	put_filled_hello(&(struct filling){0, 0, 16});
	const size_t fits = 16 + TLS_HANDSHAKE_BYTES_MAX - (message.len - 4);
	read_filled_hello(&(struct filling){0, 0, fits}, 16384, 1460);
	assert_int_equal(message.len - 4, TLS_HANDSHAKE_BYTES_MAX);
	assert_hello_read(true);
	read_filled_hello(&(struct filling){0, 0, fits + 1}, 16384, 1460);
	assert_hello_read(false);
}

static void the_handshake_behind_a_long_hello_is_read(void **state)
{
	(void)state;
	read_filled_hello(&(struct filling){0, 40000, 0}, 16384, 1460);
	message.len = 0;
	put_server_hello(&message, 0x1301, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
	put_records(&answer, &message, 16384);
	put_sealed(&answer, 23, 900);
	assert_int_equal(feed(DOWN, &answer, 1460), TLS_GO_ON);
	assert_int_equal(facts.session.version, 0x0304);
	assert_int_equal(strlen(facts.session.ja3s), 32);
	records.len = 0;
	put_sealed(&records, 23, 80);
	assert_int_equal(feed(UP, &records, 1460), TLS_FINISHED);
	assert_true(facts.session.is_established);
}

static void a_server_hello_longer_than_a_slot_is_read_by_its_front(void **state)
{
	(void)state;
	const size_t body = open_message(&message, 2);
	put_number(&message, 0x0303, 2);
	put_fill(&message, 9, 32);
	put_number(&message, 0, 1);
	put_number(&message, 0x1301, 2);
	put_number(&message, 0, 1);
	const size_t extensions = open_vector(&message, 2);
	put(&message, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
	put_extension(&message, TYPE_PADDING, 40000);
	close_vector(&message, extensions, 2);
	close_message(&message, body);
	put_records(&answer, &message, 16384);
	assert_int_equal(feed(DOWN, &answer, 1460), TLS_GO_ON);
	assert_int_equal(facts.session.version, 0x0304);
	assert_int_equal(facts.session.cipher_suite, 0x1301);
	assert_string_equal(facts.session.ja3s, "");
}

/* No fields are so long: it is read by its front, and nothing waits for its end. */
static void a_hello_that_claims_megabytes_is_read_by_its_front(void **state)
{
	(void)state;
	put_filled_hello(&(struct filling){0, 0, 40000});
	message.bytes[1] = 0xff;
	put_records(&records, &message, 16384);
	assert_int_equal(feed(UP, &records, 1460), TLS_GO_ON);
	assert_hello_read(false);
}

static void extensions_that_say_nothing_new_end_the_reading(void **state)
{
	(void)state;
	const size_t body = open_message(&message, 1);
	put_number(&message, 0x0303, 2);
	put_fill(&message, 7, 32);
	put_number(&message, 0, 1);
	put_number(&message, 0x00021301, 4);
	put_number(&message, 0x0100, 2);
	const size_t extensions = open_vector(&message, 2);
	for (unsigned i = 0; i < 2500; i++) {
		put(&message, "\x00\x00\x00\x15\x00\x13\x00\x00\x10mail.example.org",
			25);
	}
	close_vector(&message, extensions, 2);
	close_message(&message, body);
	put_records(&records, &message, 16384);
	assert_int_equal(feed(UP, &records, 1460), TLS_GO_ON);
	assert_string_equal(facts.session.sni, "mail.example.org");
	assert_int_equal(context.handshakes.used, 0);
}

/* Every length of a front, on an exact heap copy. */
static void a_front_of_any_length_is_squeezed_in_place(void **state)
{
	(void)state;
	put_filled_hello(&(struct filling){8, 40, 40});
	for (size_t len = 0; len + 4 <= message.len; len++) {
		uint8_t *front = malloc(len > 0 ? len : 1);
		uint16_t passing = 0;
		assert_non_null(front);
		memcpy(front, message.bytes + 4, len);
		assert_true(tls_client_hello_squeeze(front, len, &passing) <= len);
		assert_true(len + passing <= message.len - 4);
		free(front);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hello_longer_than_a_slot_shows_what_it_asks_for),
		TEST(a_hello_that_just_fits_keeps_its_fingerprint),
		TEST(the_handshake_behind_a_long_hello_is_read),
		TEST(a_server_hello_longer_than_a_slot_is_read_by_its_front),
		TEST(a_hello_that_claims_megabytes_is_read_by_its_front),
		TEST(extensions_that_say_nothing_new_end_the_reading),
		TEST(a_front_of_any_length_is_squeezed_in_place),
	};
	return cmocka_run_group_tests(tests, open_context, free_context);
}
