#include "certificate_maker.h"
#include "tls_feed.h"

static struct script messages;
static struct script client;
static struct script server;
static uint8_t der[2048];
static size_t der_len;

static int make_certificate(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const struct certificate_wish wish = {.common_name = "mail.example.org",
		.digest = "SHA256",
		.not_before_s = 1700000000,
		.not_after_s = 1800000000,
		.key = key};
	der_len = certificate_make(&wish, der, sizeof(der));
	EVP_PKEY_free(key);
	struct reason why;
	return tls_context_init(&context, 2, &why) ? 0 : 1;
}

static int start(void **state)
{
	(void)state;
	session = (struct tls_session){0};
	facts = (struct facts){0};
	messages.len = 0;
	client.len = 0;
	server.len = 0;
	context.handshakes_refused = 0;
	context.turn = 0;
	return 0;
}

static enum tls_result feed(enum direction way, const struct script *script)
{
	return feed_pieces(way, script->bytes, script->len, script->len);
}

static void take_messages(struct script *out, size_t record)
{
	put_records(out, &messages, record);
	messages.len = 0;
}

static void script_client_hello(void)
{
	put_client_hello_1_2(&messages);
	take_messages(&client, 16384);
}

static void put_server_key(struct script *out)
{
	const size_t message = open_message(out, 12);
	put(out, "\x03\x00\x1d\x20", 4);
	put_fill(out, 1, 32);
	close_message(out, message);
}

static void put_empty_message(struct script *out, uint8_t type)
{
	close_message(out, open_message(out, type));
}

/* The server's flight of TLS 1.2, in records of at most record bytes. */
static void script_server_flight(size_t further, bool is_asking, size_t record)
{
	put_server_hello(&messages, 0xc02f, "\x00\x10\x00\x05\x00\x03\x02h2", 9);
	put_certificates(&messages, der, der_len, further);
	put_server_key(&messages);
	if (is_asking) {
		const size_t message = open_message(&messages, 13);
		put(&messages, "\x01\x01\x00\x02\x04\x03\x00\x00", 8);
		close_message(&messages, message);
	}
	put_empty_message(&messages, 14);
	take_messages(&server, record);
}

/* certificate: 0 none sent, 1 an empty list, 2 one certificate. */
static void script_client_flight(int certificate)
{
	if (certificate > 0) {
		put_certificates(&messages, der, certificate == 2 ? der_len : 0, 0);
	}
	const size_t message = open_message(&messages, 16);
	put_fill(&messages, 4, 33);
	close_message(&messages, message);
	take_messages(&client, 16384);
	put_change_cipher(&client);
	put_sealed(&client, 22, 40);
}

static void script_server_end(void)
{
	put_change_cipher(&server);
	put_sealed(&server, 22, 40);
}

static void assert_full_handshake_1_2(void)
{
	const struct facts_tls_session *seen = &facts.session;
	assert_true(seen->has_client_hello);
	assert_true(seen->has_server_hello);
	assert_true(seen->is_established);
	assert_false(seen->is_resumed);
	assert_int_equal(seen->version, 0x0303);
	assert_int_equal(seen->offered_version, 0x0303);
	assert_int_equal(seen->cipher_suite, 0xc02f);
	assert_int_equal(seen->group, 29);
	assert_string_equal(seen->sni, "mail.example.org");
	assert_string_equal(seen->alpn_offered, "h2,http/1.1");
	assert_string_equal(seen->alpn, "h2");
	assert_int_equal(strlen(seen->ja3), 32);
	assert_int_equal(strlen(seen->ja3s), 32);
	assert_int_equal(strlen(seen->ja4), 36);
	assert_int_equal(seen->server_certificate.visibility, FACTS_SEEN);
	assert_int_equal(seen->server_certificate.name_matches, FACTS_YES);
	assert_true(seen->server_certificate.is_self_signed);
}

static void run_1_2(size_t piece)
{
	const size_t hello = client.len;
	const size_t flight = server.len;
	script_client_flight(0);
	script_server_end();
	assert_int_equal(feed_pieces(UP, client.bytes, hello, piece), TLS_GO_ON);
	assert_int_equal(feed_pieces(DOWN, server.bytes, flight, piece), TLS_GO_ON);
	assert_int_equal(
		feed_pieces(UP, client.bytes + hello, client.len - hello, piece),
		TLS_GO_ON);
	assert_int_equal(
		feed_pieces(DOWN, server.bytes + flight, server.len - flight, piece),
		TLS_FINISHED);
}

static void a_full_handshake_of_1_2_is_read_whole(void **state)
{
	(void)state;
	script_client_hello();
	script_server_flight(0, false, 16384);
	run_1_2(SCRIPT_BYTES);
	assert_full_handshake_1_2();
	assert_int_equal(facts.session.client_certificate, FACTS_NO);
	assert_false(facts.session.is_client_certificate_asked);
	assert_int_equal(context.handshakes.touched, 0); /* all read in place */
}

static void pieces_of_any_size_read_the_same(void **state)
{
	for (size_t piece = 1; piece < 40; piece++) {
		start(state);
		script_client_hello();
		script_server_flight(0, false, 16384);
		run_1_2(piece);
		assert_full_handshake_1_2();
	}
}

static void messages_cut_over_tiny_records_read_the_same(void **state)
{
	for (size_t record = 1; record < 60; record += 7) {
		start(state);
		put_client_hello_1_2(&messages);
		take_messages(&client, record);
		script_server_flight(0, false, record);
		run_1_2(SCRIPT_BYTES);
		assert_full_handshake_1_2();
	}
}

static void a_client_certificate_is_noted(void **state)
{
	(void)state;
	script_client_hello();
	script_server_flight(0, true, 16384);
	feed(UP, &client);
	feed(DOWN, &server);
	client.len = 0;
	script_client_flight(2);
	feed(UP, &client);
	assert_true(facts.session.is_client_certificate_asked);
	assert_int_equal(facts.session.client_certificate, FACTS_YES);
}

static void an_empty_client_certificate_is_none(void **state)
{
	(void)state;
	script_client_hello();
	script_server_flight(0, true, 16384);
	feed(UP, &client);
	feed(DOWN, &server);
	client.len = 0;
	script_client_flight(1);
	feed(UP, &client);
	assert_int_equal(facts.session.client_certificate, FACTS_NO);
}

static void a_change_of_cipher_ends_clear_text_behind_a_hello_alone(void **state)
{
	(void)state;
	put_client_hello_1_2(&messages);
	take_messages(&client, 16384);
	feed(UP, &client);
	put_change_cipher(&server);
	feed(DOWN, &server);
	assert_false(facts.session.has_server_hello);
	server.len = 0;
	put_server_hello(&messages, 0xc02f, NULL, 0);
	take_messages(&server, 16384);
	put_change_cipher(&server);
	put_server_hello(&messages, 0xc030, NULL, 0);
	take_messages(&server, 16384);
	feed(DOWN, &server);
	assert_true(facts.session.has_server_hello);
	assert_int_equal(facts.session.cipher_suite, 0xc02f);
}

static void tls_1_3_hides_certificates(void **state)
{
	(void)state;
	assert_int_equal(
		feed_pieces(UP, KNOWN_HELLO, KNOWN_HELLO_BYTES, 4096), TLS_GO_ON);
	assert_int_equal(facts.session.offered_version, 0x0304);
	assert_string_equal(facts.session.ja4, "t13d020400_c1929292aa6b_9a0586ea5dd0");
	put_server_hello(&messages, 0x1301, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
	take_messages(&server, 16384);
	put_change_cipher(&server);
	put_sealed(&server, 23, 1200);
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	assert_false(facts.session.is_established);
	put_change_cipher(&client);
	put_sealed(&client, 23, 53);
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
	assert_true(facts.session.is_established);
	assert_int_equal(facts.session.version, 0x0304);
	assert_int_equal(facts.session.group, 29);
	assert_int_equal(
		facts.session.server_certificate.visibility, FACTS_NOT_VISIBLE);
	assert_int_equal(facts.session.client_certificate, FACTS_UNKNOWN);
}

static void an_alert_sealed_by_1_3_is_no_success(void **state)
{
	(void)state;
	feed_pieces(UP, KNOWN_HELLO, KNOWN_HELLO_BYTES, 4096);
	put_server_hello(&messages, 0x1301, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
	take_messages(&server, 16384);
	put_sealed(&server, 23, 1200);
	feed(DOWN, &server);
	put_change_cipher(&client);
	put_sealed(&client, 23, 19);
	assert_int_equal(feed(UP, &client), TLS_GO_ON);
	assert_false(facts.session.is_established);
}

static const uint8_t RETRY_RANDOM[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
	0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a,
	0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static void a_retried_hello_waits_for_the_second_answer(void **state)
{
	(void)state;
	feed_pieces(UP, KNOWN_HELLO, KNOWN_HELLO_BYTES, 4096);
	put_server_hello(&messages, 0x1301,
		"\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x02\x00\x18", 12);
	memcpy(messages.bytes + 6, RETRY_RANDOM, sizeof(RETRY_RANDOM));
	take_messages(&server, 16384);
	put_change_cipher(&server);
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	assert_true(facts.session.is_retried);
	assert_false(facts.session.has_server_hello);
	assert_int_equal(facts.session.group, 24);
	put_change_cipher(&client);
	put(&client, KNOWN_HELLO, KNOWN_HELLO_BYTES);
	assert_int_equal(feed(UP, &client), TLS_GO_ON);
	server.len = 0;
	put_server_hello(&messages, 0x1302, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
	take_messages(&server, 16384);
	put_sealed(&server, 23, 100);
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	assert_true(facts.session.has_server_hello);
	assert_int_equal(facts.session.cipher_suite, 0x1302);
	client.len = 0;
	put_sealed(&client, 23, 53);
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
}

static void a_change_of_cipher_behind_the_server_hello_is_a_resumption(void **state)
{
	(void)state;
	script_client_hello();
	feed(UP, &client);
	put_server_hello(&messages, 0xc02f, NULL, 0);
	take_messages(&server, 16384);
	script_server_end();
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	assert_true(facts.session.is_resumed);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_RESUMED);
	client.len = 0;
	put_change_cipher(&client);
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
	assert_int_equal(facts.session.client_certificate, FACTS_UNKNOWN);
}

static void an_anonymous_handshake_is_no_resumption(void **state)
{
	(void)state;
	put_server_hello(&messages, 0xc018, NULL, 0);
	put_server_key(&messages);
	put_empty_message(&messages, 14);
	take_messages(&server, 16384);
	script_server_end();
	feed(DOWN, &server);
	assert_false(facts.session.is_resumed);
	assert_int_equal(facts.session.group, 29);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_NOT_SEEN);
}

static void the_size_of_a_dh_modulus_is_counted_in_bits(void **state)
{
	(void)state;
	put_server_hello(&messages, 0x009e, NULL, 0);
	const size_t message = open_message(&messages, 12);
	put(&messages, "\x00\x81\x00\x7f", 4); /* a zero byte, then 1023 bits */
	put_fill(&messages, 0xff, 127);
	put(&messages, "\x00\x01\x02\x00\x01\x05", 6);
	close_message(&messages, message);
	take_messages(&server, 16384);
	feed(DOWN, &server);
	assert_int_equal(facts.session.dh_bits, 1023);
	assert_int_equal(facts.session.group, 0);
}

static void a_certificate_of_a_megabyte_still_shows_its_leaf(void **state)
{
	(void)state;
	script_client_hello();
	script_server_flight(1024 * 1024, false, 16384);
	run_1_2(1460);
	assert_full_handshake_1_2();
}

static void a_leaf_larger_than_a_slot_is_unreadable(void **state)
{
	(void)state;
	static uint8_t large[40000];
	script_client_hello();
	feed(UP, &client);
	put_server_hello(&messages, 0xc02f, NULL, 0);
	put_certificates(&messages, large, sizeof(large), 0);
	put_server_key(&messages);
	take_messages(&server, 16384);
	feed_pieces(DOWN, server.bytes, server.len, 1460);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_UNREADABLE);
	assert_int_equal(facts.session.group, 29); /* and reading went on */
}

static void a_slot_is_given_back_as_soon_as_a_message_is_read(void **state)
{
	(void)state;
	script_client_hello();
	feed_pieces(UP, client.bytes, client.len - 1, 10);
	assert_int_equal(context.handshakes.used, 1);
	feed_pieces(UP, client.bytes + client.len - 1, 1, 1);
	assert_int_equal(context.handshakes.used, 0);
	assert_true(facts.session.has_client_hello);
}

/* Of another session: all but the last byte of a hello, one byte at a time. */
static void begin_and_wait(struct tls_session *other, struct facts *others_facts)
{
	for (size_t at = 0; at + 1 < client.len; at++) {
		const struct text byte = {client.bytes + at, 1};
		assert_int_equal(
			tls_session_bytes(&context, other, others_facts, UP, byte),
			TLS_GO_ON);
	}
}

static void messages_that_do_not_end_keep_no_other_from_being_read(void **state)
{
	(void)state;
	struct tls_session slow[4] = {0};
	struct facts slow_facts[4] = {0};
	script_client_hello();
	script_server_flight(0, false, 16384);
	for (size_t i = 0; i < 4; i++) {
		begin_and_wait(&slow[i], &slow_facts[i]);
	}
	assert_int_equal(context.handshakes.used, 2);
	assert_int_equal(context.handshakes_refused, 2);
	feed_pieces(UP, client.bytes, client.len, 10);
	feed_pieces(DOWN, server.bytes, server.len, 300);
	assert_true(facts.session.has_client_hello && facts.session.has_server_hello);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_SEEN);
	assert_int_equal(context.handshakes_refused, 3); /* its slot came back */
	for (size_t i = 0; i < 4; i++) {
		const struct text last = {client.bytes + client.len - 1, 1};
		assert_int_equal(
			tls_session_bytes(&context, &slow[i], &slow_facts[i], UP, last),
			TLS_GO_ON);
		assert_int_equal(slow_facts[i].session.has_client_hello, i == 3);
	}
	assert_int_equal(context.handshakes.used, 0);
}

/* Of four places he has three, and goes on beginning. */
static void who_has_most_unfinished_messages_loses_his_own_first(void **state)
{
	(void)state;
	struct reason why;
	const struct tls_context two = context;
	struct tls_session slow[9] = {0};
	struct facts slow_facts[9] = {0};
	assert_true(tls_context_init(&context, 4, &why));
	script_client_hello();
	script_server_flight(0, false, 16384);
	context.holder = 7;
	feed(UP, &client);
	feed_pieces(DOWN, server.bytes, 5 + 4 + 200, 100);
	context.holder = 3;
	for (size_t i = 0; i < 9; i++) {
		begin_and_wait(&slow[i], &slow_facts[i]);
	}
	assert_int_equal(context.handshakes_refused, 6);
	context.holder = 7;
	feed_pieces(DOWN, server.bytes + 209, server.len - 209, 300);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_SEEN);
	tls_session_release(&context, &session);
	tls_context_destroy(&context);
	context = two;
}

static void a_slot_taken_away_costs_the_message_not_the_session(void **state)
{
	(void)state;
	struct tls_session slow[3] = {0};
	struct facts slow_facts[3] = {0};
	script_client_hello();
	script_server_flight(0, false, 16384);
	feed(UP, &client);
	const size_t cut = 5 + 4 + 200; /* inside the certificate or before it */
	feed_pieces(DOWN, server.bytes, cut, 100);
	assert_int_equal(context.handshakes.used, 1);
	for (size_t i = 0; i < 3; i++) {
		begin_and_wait(&slow[i], &slow_facts[i]);
	}
	assert_int_equal(context.handshakes_refused, 2); /* both slots in turn */
	feed_pieces(DOWN, server.bytes + cut, server.len - cut, 300);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_UNREADABLE);
	assert_true(facts.session.has_server_hello);
	for (size_t i = 0; i < 3; i++) {
		tls_session_release(&context, &slow[i]);
	}
}

static void clear_text_is_not_tls(void **state)
{
	(void)state;
	assert_int_equal(feed_pieces(UP, "MAIL FROM:<>\r\n", 14, 1), TLS_NOT_TLS);
	assert_int_equal(feed_pieces(UP, "EHLO a.example\r\n", 16, 16), TLS_NOT_TLS);
	start(state);
	script_client_hello();
	assert_int_equal(feed(UP, &client), TLS_GO_ON);
	assert_int_equal(feed_pieces(DOWN, "220 a ESMTP\r\n", 13, 13), TLS_NOT_TLS);
}

static void nonsense_behind_a_hello_ends_the_session(void **state)
{
	(void)state;
	script_client_hello();
	put(&client, "QUIT\r\n", 6);
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
	assert_true(facts.session.has_client_hello);
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
}

static void a_fatal_alert_in_clear_ends_the_session(void **state)
{
	(void)state;
	script_client_hello();
	feed(UP, &client);
	assert_int_equal(
		feed_pieces(DOWN, "\x15\x03\x03\x00\x02\x01\x70", 7, 7), TLS_GO_ON);
	assert_int_equal(facts.session.alert_code, 112);
	assert_int_equal(
		feed_pieces(DOWN, "\x15\x03\x03\x00\x02\x02\x28", 7, 1), TLS_FINISHED);
	assert_int_equal(facts.session.alert_level, 2);
	assert_int_equal(facts.session.alert_code, 40);
	assert_false(facts.session.is_established);
}

static void only_the_server_captured_is_enough(void **state)
{
	(void)state;
	script_server_flight(0, false, 16384);
	script_server_end();
	for (int i = 0; i < 4; i++) {
		put_sealed(&server, 23, 100);
	}
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	assert_true(facts.session.is_established);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_SEEN);
	assert_int_equal(facts.session.server_certificate.name_matches, FACTS_UNKNOWN);
}

static void only_the_client_captured_is_enough(void **state)
{
	(void)state;
	script_client_hello();
	script_client_flight(0);
	for (int i = 0; i < 4; i++) {
		put_sealed(&client, 23, 100);
	}
	assert_int_equal(feed(UP, &client), TLS_GO_ON);
	assert_true(facts.session.is_established);
	assert_int_equal(facts.session.version, 0);
	assert_int_equal(facts.session.client_certificate, FACTS_NO);
	client.len = 0;
	for (int i = 0; i < 64; i++) {
		put_sealed(&client, 23, 100);
	}
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
}

static void early_data_does_not_hide_the_server_hello(void **state)
{
	(void)state;
	feed_pieces(UP, KNOWN_HELLO, KNOWN_HELLO_BYTES, 4096);
	put_change_cipher(&client);
	for (int i = 0; i < 8; i++) {
		put_sealed(&client, 23, 100);
	}
	assert_int_equal(feed(UP, &client), TLS_GO_ON);
	put_server_hello(&messages, 0x1301, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
	take_messages(&server, 16384);
	put_sealed(&server, 23, 1200);
	assert_int_equal(feed(DOWN, &server), TLS_FINISHED);
	assert_int_equal(facts.session.version, 0x0304);
}

static void records_without_a_hello_teach_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		put_sealed(&client, 23, 100);
	}
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
	const struct facts nothing = {0};
	assert_memory_equal(&facts, &nothing, sizeof(facts));
}

static void empty_records_are_bounded(void **state)
{
	(void)state;
	script_client_hello();
	for (int i = 0; i < 200; i++) {
		put(&client, "\x16\x03\x03\x00\x00", 5);
	}
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
	assert_true(session.records[UP] < 100);
}

static void a_gap_inside_a_certificate_costs_only_the_certificate(void **state)
{
	(void)state;
	script_client_hello();
	feed(UP, &client);
	put_server_hello(&messages, 0xc02f, NULL, 0);
	const size_t cut = 5 + messages.len + 50;
	put_certificates(&messages, der, der_len, 0);
	put_server_key(&messages);
	take_messages(&server, 16384);
	script_server_end();
	feed_pieces(DOWN, server.bytes, cut, cut);
	assert_int_equal(context.handshakes.used, 1);
	tls_session_gap(&session, DOWN, 100);
	feed_pieces(DOWN, server.bytes + cut + 100, server.len - cut - 100, 4096);
	assert_int_equal(facts.session.group, 29);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_NOT_SEEN);
	assert_false(facts.session.is_resumed);
	assert_int_equal(context.handshakes.used, 0);
}

static void what_follows_a_gap_across_messages_is_not_taken_for_one(void **state)
{
	(void)state;
	put_server_hello(&messages, 0xc02f, NULL, 0);
	const size_t cut = 5 + messages.len - 2;
	const size_t message = open_message(&messages, 22);
	for (int i = 0; i < 8; i++) {
		put(&messages, "\x0d\x00\x00\x00", 4); /* as if a CertificateRequest */
	}
	close_message(&messages, message);
	take_messages(&server, 16384);
	put_server_key(&messages);
	take_messages(&server, 16384);
	feed_pieces(DOWN, server.bytes, cut, cut);
	tls_session_gap(&session, DOWN, 2 + 4 + 8);
	feed_pieces(DOWN, server.bytes + cut + 14, server.len - cut - 14, 4096);
	assert_false(facts.session.is_client_certificate_asked);
	assert_false(facts.session.has_server_hello);
	assert_int_equal(session.records[DOWN], 2);
}

static void a_gap_of_unknown_size_waits_for_a_record_header(void **state)
{
	(void)state;
	script_client_hello();
	feed(UP, &client);
	put_server_hello(&messages, 0xc02f, NULL, 0);
	take_messages(&server, 16384);
	feed_pieces(DOWN, server.bytes, 20, 20);
	tls_session_gap(&session, DOWN, 0);
	assert_int_equal(feed_pieces(DOWN, "no header here", 14, 14), TLS_GO_ON);
	server.len = 0;
	script_server_end();
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	client.len = 0;
	put_change_cipher(&client);
	assert_int_equal(feed(UP, &client), TLS_FINISHED);
	assert_true(facts.session.is_established);
	assert_false(facts.session.has_server_hello);
	assert_int_equal(facts.session.server_certificate.visibility, FACTS_NOT_SEEN);
}

static void a_gap_in_sealed_data_changes_nothing(void **state)
{
	(void)state;
	script_client_hello();
	script_client_flight(0);
	put_sealed(&client, 23, 1000);
	const size_t cut = client.len - 900;
	feed_pieces(UP, client.bytes, cut, cut);
	tls_session_gap(&session, UP, 800);
	feed_pieces(UP, client.bytes + cut + 800, 100, 100);
	put_server_hello(&messages, 0xc02f, NULL, 0);
	take_messages(&server, 16384);
	assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
	assert_int_equal(facts.session.version, 0x0303);
}

static void an_sslv2_hello_offers_its_version(void **state)
{
	(void)state;
	static const uint8_t HELLO[] = "\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10"
				       "\x00\x00\x05\x00\x00\x0a"
				       "0123456789abcdef";
	for (size_t piece = 1; piece < sizeof(HELLO); piece++) {
		start(state);
		assert_int_equal(
			feed_pieces(UP, HELLO, sizeof(HELLO) - 1, piece), TLS_GO_ON);
		assert_true(facts.session.has_client_hello);
		assert_int_equal(facts.session.offered_version, 0x0301);
		put_server_hello(&messages, 0x000a, NULL, 0);
		take_messages(&server, 16384);
		assert_int_equal(feed(DOWN, &server), TLS_GO_ON);
		assert_int_equal(facts.session.cipher_suite, 0x000a);
	}
}

static void an_sslv2_server_is_named(void **state)
{
	(void)state;
	feed_pieces(UP, "\x80\x09\x01\x00\x02\x00\x00\x00\x00\x00\x00", 11, 11);
	feed_pieces(
		DOWN, "\x80\x0b\x04\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00", 13, 13);
	assert_int_equal(facts.session.version, 0x0002);
	assert_true(facts.session.has_server_hello);
}

static void a_sentinel_counts_only_against_a_better_offer(void **state)
{
	(void)state;
	for (int is_offering = 0; is_offering < 2; is_offering++) {
		start(state);
		if (is_offering) {
			feed_pieces(UP, KNOWN_HELLO, KNOWN_HELLO_BYTES, 200);
		} else {
			script_client_hello();
			feed(UP, &client);
		}
		put_server_hello(&messages, 0xc02f, NULL, 0);
		memcpy(messages.bytes + 6 + 24, "DOWNGRD\x01", 8);
		take_messages(&server, 16384);
		feed(DOWN, &server);
		assert_int_equal(facts.session.has_downgrade_sentinel, is_offering);
	}
}

static void a_hostile_name_is_made_printable(void **state)
{
	(void)state;
	uint8_t hello[KNOWN_HELLO_BYTES];
	memcpy(hello, KNOWN_HELLO, sizeof(hello));
	uint8_t *name = memmem(hello, sizeof(hello), "mail.", 5);
	assert_non_null(name);
	memcpy(name, "\"\n\\\x01\xff", 5);
	feed_pieces(UP, hello, sizeof(hello), sizeof(hello));
	assert_string_equal(facts.session.sni, "?????example.org");
}

static void a_name_keeps_letters_of_any_writing(void **state)
{
	(void)state;
	uint8_t hello[KNOWN_HELLO_BYTES];
	memcpy(hello, KNOWN_HELLO, sizeof(hello));
	uint8_t *name = memmem(hello, sizeof(hello), "mail.", 5);
	assert_non_null(name);
	memcpy(name, "\xd0\xbf\xe2\x80\xae", 5);
	feed_pieces(UP, hello, sizeof(hello), sizeof(hello));
	assert_string_equal(facts.session.sni, "\xd0\xbf???example.org");
}

static void record_headers_are_recognised(void **state)
{
	(void)state;
	assert_true(tls_looks_like_record((const uint8_t *)"\x16", 1));
	assert_true(tls_looks_like_record(KNOWN_HELLO, KNOWN_HELLO_BYTES));
	assert_false(tls_looks_like_record((const uint8_t *)"\x16\x02", 2));
	assert_false(tls_looks_like_record((const uint8_t *)"\x18\x03\x03\x00\x02", 5));
	assert_false(tls_looks_like_record((const uint8_t *)"\x17\x03\x03\x48\x01", 5));
	assert_false(tls_looks_like_record((const uint8_t *)"", 0));
	assert_true(tls_looks_like_client_hello(KNOWN_HELLO, KNOWN_HELLO_BYTES));
	assert_false(tls_looks_like_client_hello(KNOWN_HELLO, 5));
	assert_false(tls_looks_like_client_hello(
		(const uint8_t *)"\x16\x03\x03\x00\x30\x02", 6));
	assert_true(tls_looks_like_client_hello(
		(const uint8_t *)"\x80\x2e\x01\x03\x01", 5));
}

/* Both directions cut at every length: no read beyond, no slot kept, and no claim of success too early. */
static void a_handshake_cut_anywhere_is_safe(void **state)
{
	start(state);
	script_client_hello();
	script_server_flight(0, true, 700);
	const size_t hello = client.len;
	for (size_t cut = 1; cut < server.len; cut++) {
		session = (struct tls_session){0};
		facts = (struct facts){0};
		feed_pieces(UP, client.bytes, hello, hello);
		feed_pieces(DOWN, server.bytes, cut, cut);
		assert_false(facts.session.is_established);
		tls_session_release(&context, &session);
		assert_int_equal(context.handshakes.used, 0);
	}
	for (size_t cut = 1; cut < hello; cut++) {
		session = (struct tls_session){0};
		facts = (struct facts){0};
		assert_int_equal(feed_pieces(UP, client.bytes, cut, cut), TLS_GO_ON);
		assert_false(facts.session.has_client_hello);
		tls_session_release(&context, &session);
	}
}

/* The message says its length is what is left: parsers meet the cut, not the record layer. */
static void a_hello_that_ends_anywhere_is_safe(void **state)
{
	for (size_t len = 0; len < KNOWN_HELLO_BYTES - 9; len++) {
		start(state);
		const size_t message = open_message(&messages, 1);
		put(&messages, KNOWN_HELLO + 9, len);
		close_message(&messages, message);
		take_messages(&client, 16384);
		assert_int_equal(feed(UP, &client), TLS_GO_ON);
		assert_int_equal(facts.session.has_client_hello, len >= 43);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_handshake_of_1_2_is_read_whole),
		TEST(pieces_of_any_size_read_the_same),
		TEST(messages_cut_over_tiny_records_read_the_same),
		TEST(a_client_certificate_is_noted),
		TEST(an_empty_client_certificate_is_none),
		TEST(a_change_of_cipher_ends_clear_text_behind_a_hello_alone),
		TEST(tls_1_3_hides_certificates),
		TEST(an_alert_sealed_by_1_3_is_no_success),
		TEST(a_retried_hello_waits_for_the_second_answer),
		TEST(a_change_of_cipher_behind_the_server_hello_is_a_resumption),
		TEST(an_anonymous_handshake_is_no_resumption),
		TEST(the_size_of_a_dh_modulus_is_counted_in_bits),
		TEST(a_certificate_of_a_megabyte_still_shows_its_leaf),
		TEST(a_leaf_larger_than_a_slot_is_unreadable),
		TEST(a_slot_is_given_back_as_soon_as_a_message_is_read),
		TEST(messages_that_do_not_end_keep_no_other_from_being_read),
		TEST(who_has_most_unfinished_messages_loses_his_own_first),
		TEST(a_slot_taken_away_costs_the_message_not_the_session),
		TEST(clear_text_is_not_tls),
		TEST(nonsense_behind_a_hello_ends_the_session),
		TEST(a_fatal_alert_in_clear_ends_the_session),
		TEST(only_the_server_captured_is_enough),
		TEST(only_the_client_captured_is_enough),
		TEST(early_data_does_not_hide_the_server_hello),
		TEST(records_without_a_hello_teach_nothing),
		TEST(empty_records_are_bounded),
		TEST(a_gap_inside_a_certificate_costs_only_the_certificate),
		TEST(what_follows_a_gap_across_messages_is_not_taken_for_one),
		TEST(a_gap_of_unknown_size_waits_for_a_record_header),
		TEST(a_gap_in_sealed_data_changes_nothing),
		TEST(an_sslv2_hello_offers_its_version),
		TEST(an_sslv2_server_is_named),
		TEST(a_sentinel_counts_only_against_a_better_offer),
		TEST(a_hostile_name_is_made_printable),
		TEST(a_name_keeps_letters_of_any_writing),
		TEST(record_headers_are_recognised),
		TEST(a_handshake_cut_anywhere_is_safe),
		TEST(a_hello_that_ends_anywhere_is_safe),
	};
	return cmocka_run_group_tests(tests, make_certificate, free_context);
}
