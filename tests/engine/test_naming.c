#include "engine/naming.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24]}\n"
	"groups:\n"
	"  mailboxes: {role: mailbox, addresses: [192.0.2.10], names: "
	"[mail.example.org]}\n"
	"  relay: {role: relay, addresses: [192.0.2.25]}\n"
	"rows:\n"
	"  - {id: M-01, from: relay, to: mailboxes, protocols: [smtp]}\n";

static struct matrix *matrix;

static int load(void **state)
{
	(void)state;
	char path[] = "/tmp/naming-XXXXXX";
	const int file = mkstemp(path);
	if (file < 0 || write(file, MATRIX, sizeof(MATRIX) - 1) < 0) {
		return -1;
	}
	(void)close(file);
	const char *const files[] = {path};
	struct matrix_problems problems = {0};
	matrix = matrix_load(files, 1, &problems);
	matrix_problems_free(&problems);
	(void)unlink(path);
	return matrix ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	matrix_free(matrix);
	return 0;
}

struct session {
	const char *server;
	uint16_t port;
	const char *sni;
	const char *alpn;
	const char *certificate_names;
	bool is_name_foreign; /* .sni is none of them */
	bool is_ended;
	bool is_midstream;
	bool is_from_internet;
	bool is_server_captured;
	bool has_client_hello;
	bool has_server_hello;
	bool has_gap;
};

static bool is_by_name;

static struct naming name_of(struct session session)
{
	struct facts facts;
	struct address server;
	memset(&facts, 0, sizeof(facts));
	facts.session.has_client_hello = session.has_client_hello;
	facts.session.has_server_hello = session.has_server_hello;
	facts.gaps = session.has_gap;
	assert_true(address_parse(session.server, &server));
	if (session.sni) {
		(void)snprintf(facts.session.sni, sizeof(facts.session.sni), "%s",
			session.sni);
	}
	if (session.alpn) {
		(void)snprintf(facts.session.alpn_offered,
			sizeof(facts.session.alpn_offered), "%s", session.alpn);
	}
	if (session.certificate_names) {
		struct facts_certificate *seen = &facts.session.server_certificate;
		seen->visibility = FACTS_SEEN;
		(void)snprintf(seen->names, sizeof(seen->names), "%s",
			session.certificate_names);
		seen->name_matches = session.is_name_foreign ? FACTS_NO : FACTS_YES;
	}
	const struct naming_case naming_case = {.facts = &facts,
		.server = &server,
		.server_port = session.port,
		.is_ended = session.is_ended,
		.is_from_internet = session.is_from_internet,
		.is_start_seen = !session.is_midstream,
		.is_server_known = !session.is_midstream,
		.is_server_captured = session.is_server_captured};
	const struct naming naming = naming_of_tls(&naming_case, matrix);
	is_by_name = naming_is_by_name(&naming_case, &naming);
	return naming;
}

static void its_own_port_names_it(void **state)
{
	(void)state;
	assert_int_equal(name_of((struct session){.server = "203.0.113.9", .port = 993})
				 .protocol,
		PROTOCOL_IMAPS);
	assert_int_equal(name_of((struct session){.server = "203.0.113.9", .port = 465})
				 .protocol,
		PROTOCOL_SMTPS);
}

static void where_the_beginning_is_lost_the_port_of_starttls_names_it(void **state)
{
	(void)state;
	const struct {
		uint16_t port;
		enum protocol wanted;
	} CASES[] = {{25, PROTOCOL_SMTP}, {587, PROTOCOL_SMTP}, {143, PROTOCOL_IMAP},
		{110, PROTOCOL_POP3}, {24, PROTOCOL_LMTP}, {4190, PROTOCOL_SIEVE},
		{993, PROTOCOL_IMAPS}, {443, PROTOCOL_TLS}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		const struct naming naming =
			name_of((struct session){.server = "203.0.113.9",
				.port = CASES[i].port,
				.is_ended = true,
				.is_midstream = true});
		assert_true(naming.is_decided);
		assert_int_equal(naming.protocol, CASES[i].wanted);
	}
	const struct naming begun = name_of((struct session){
		.server = "203.0.113.9", .port = 25, .is_ended = true});
	assert_int_equal(begun.protocol, PROTOCOL_TLS);
	const struct naming web = name_of((struct session){.server = "203.0.113.9",
		.port = 25,
		.alpn = "h2",
		.is_ended = true,
		.is_midstream = true});
	assert_int_equal(web.protocol, PROTOCOL_TLS);
}

static void a_name_of_its_own_is_not_a_kind_of_server(void **state)
{
	(void)state;
	const struct session mail = {.server = "203.0.113.9",
		.port = 8443,
		.sni = "smtp.example.com",
		.is_ended = true};
	struct session script = mail;
	script.sni = "smtpjs.com";
	assert_int_equal(name_of(mail).protocol, PROTOCOL_SMTPS);
	assert_int_equal(name_of(script).protocol, PROTOCOL_TLS);
}

static enum protocol of_name_on(uint16_t port, const char *sni)
{
	return name_of((struct session){.server = "203.0.113.9",
			       .port = port,
			       .sni = sni,
			       .is_ended = true})
		.protocol;
}

static void a_word_of_the_first_label_tells_and_not_its_beginning(void **state)
{
	(void)state;
	assert_int_equal(of_name_on(8443, "email-smtp.example.com"), PROTOCOL_SMTPS);
	assert_int_equal(of_name_on(8443, "SMTPOUT1.example.com"), PROTOCOL_SMTPS);
	assert_int_equal(of_name_on(8443, "imap-mail.example.com"), PROTOCOL_IMAPS);
	assert_int_equal(of_name_on(8443, "imaps4.example.com"), PROTOCOL_IMAPS);
	assert_int_equal(of_name_on(8443, "imap.example.com"), PROTOCOL_IMAPS);
	assert_int_equal(of_name_on(8443, "pop.example.com"), PROTOCOL_POP3S);
	assert_int_equal(of_name_on(8443, "submissions.example.com"), PROTOCOL_SMTPS);
	static const char *const OTHERS[] = {"imaplay.example.com",
		"imapsync.example.com", "k-pop.example.com", "pop-up.example.com",
		"popular.example.com", "submission-desk.example.com",
		"www.imap.example.com", "imap.example"};
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++) {
		assert_int_equal(of_name_on(8443, OTHERS[i]), PROTOCOL_TLS);
	}
}

static void on_the_web_s_port_a_site_s_name_is_no_mail(void **state)
{
	(void)state;
	assert_int_equal(of_name_on(443, "pop.example.com"), PROTOCOL_TLS);
	assert_int_equal(of_name_on(443, "submission.example.com"), PROTOCOL_TLS);
	assert_int_equal(of_name_on(443, "pop3.example.com"), PROTOCOL_POP3S);
	assert_int_equal(of_name_on(443, "smtp.example.com"), PROTOCOL_SMTPS);
}

static void a_certificate_of_the_web_s_port_must_name_nothing_else(void **state)
{
	(void)state;
	struct session session = {.server = "203.0.113.9",
		.port = 443,
		.certificate_names = "example.com, smtp.example.com, www.example.com",
		.is_ended = true};
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.certificate_names = "mail.example.com, pop.example.com";
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.certificate_names =
		"mail.example.com, imap.example.com, smtp.example.com";
	assert_int_equal(name_of(session).protocol, PROTOCOL_IMAPS);
	session.certificate_names = "smtp1.example.com, smtp2.example.com";
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
	session.port = 8443;
	session.certificate_names = "example.com, smtp.example.com, www.example.com";
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
	session.certificate_names = "smtp.example, www.example.com";
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
}

static void providers_take_submission_beside_465(void **state)
{
	(void)state;
	assert_int_equal(of_name_on(8465, "mail.example.com"), PROTOCOL_SMTPS);
	assert_int_equal(of_name_on(2465, "relay.example.com"), PROTOCOL_SMTPS);
	assert_int_equal(of_name_on(8465, "www.example.com"), PROTOCOL_TLS);
	assert_int_equal(of_name_on(8443, "mail.example.com"), PROTOCOL_TLS);
	const struct session web = {.server = "203.0.113.9",
		.port = 8465,
		.sni = "mail.example.com",
		.alpn = "h2",
		.is_ended = true};
	assert_int_equal(name_of(web).protocol, PROTOCOL_TLS);
}

static void alpn_outranks_what_a_declared_server_usually_speaks(void **state)
{
	(void)state;
	const struct naming naming = name_of(
		(struct session){.server = "192.0.2.10", .port = 443, .alpn = "imap"});
	assert_true(naming.is_decided);
	assert_int_equal(naming.protocol, PROTOCOL_IMAPS);
}

/* ALPN is the client's: it takes nothing from a port, a server or a name of mail. */
static void alpn_for_http_hides_no_mail(void **state)
{
	(void)state;
	const struct {
		struct session session;
		enum protocol wanted;
	} CASES[] = {
		{{.server = "203.0.113.9", .port = 465, .alpn = "h2"}, PROTOCOL_SMTPS},
		{{.server = "192.0.2.10", .port = 993, .alpn = "h2"}, PROTOCOL_IMAPS},
		{{.server = "203.0.113.9",
			 .port = 993,
			 .sni = "imap.example.net",
			 .alpn = "h2"},
			PROTOCOL_IMAPS},
		{{.server = "203.0.113.9",
			 .port = 993,
			 .sni = "git.example.net",
			 .alpn = "h2"},
			PROTOCOL_TLS},
		{{.server = "203.0.113.9",
			 .port = 8465,
			 .sni = "smtp.example.net",
			 .alpn = "h2"},
			PROTOCOL_SMTPS},
		{{.server = "203.0.113.9",
			 .port = 8465,
			 .certificate_names = "smtp.example.net",
			 .alpn = "h2"},
			PROTOCOL_SMTPS},
		{{.server = "203.0.113.9",
			 .port = 8465,
			 .sni = "www.example.net",
			 .alpn = "h2"},
			PROTOCOL_TLS},
		{{.server = "203.0.113.9",
			 .port = 443,
			 .sni = "smtp.example.net",
			 .alpn = "h2"},
			PROTOCOL_TLS},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct session session = CASES[i].session;
		session.is_ended = true;
		assert_int_equal(name_of(session).protocol, CASES[i].wanted);
	}
}

static void tls_from_the_first_byte_is_submission_and_sieve_on_their_ports(void **state)
{
	(void)state;
	struct session session = {
		.server = "203.0.113.9", .port = 587, .is_ended = true};
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
	session.port = 4190;
	assert_int_equal(name_of(session).protocol, PROTOCOL_SIEVE);
	session.alpn = "h2";
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.port = 8190;
	session.alpn = "managesieve";
	assert_int_equal(name_of(session).protocol, PROTOCOL_SIEVE);
}

/* Nobody on the Internet has business with it but to read mail. */
static void tls_from_the_internet_to_a_mailbox_server_is_imaps_on_any_port(void **state)
{
	(void)state;
	struct session session = {.server = "192.0.2.10",
		.port = 9993,
		.sni = "mail.example.org",
		.is_ended = true};
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.is_from_internet = true;
	assert_int_equal(name_of(session).protocol, PROTOCOL_IMAPS);
	session.alpn = "h2";
	assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	session.server = "192.0.2.25"; /* a relay */
	session.sni = NULL;
	session.alpn = NULL;
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
}

static void http_inside_to_no_server_of_mail_is_never_imap(void **state)
{
	(void)state;
	struct session session = {
		.server = "203.0.113.9", .port = 993, .alpn = "h2,http/1.1"};
	assert_false(name_of(session).is_decided); /* the certificate may say IMAP */
	session.certificate_names = "www.example.net";
	assert_true(name_of(session).is_decided);
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.certificate_names = "imap.example.net";
	assert_int_equal(name_of(session).protocol, PROTOCOL_IMAPS);
	session.sni =
		"www.example.net"; /* and the certificate has it, as far as is known */
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
}

/* Another name is asked for, and the server says that it is none of its own. */
static void a_certificate_of_mail_outweighs_a_name_that_is_not_its(void **state)
{
	(void)state;
	struct session session = {.server = "203.0.113.9",
		.port = 8465,
		.sni = "www.example.com",
		.certificate_names = "smtp.example.net"};
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.is_name_foreign = true;
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
	assert_string_equal(name_of(session).evidence, "certificate name");
	session.alpn = "h2";
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
	session.port = 443; /* one certificate may serve the web and more */
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	session.alpn = NULL;
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
}

/* Directories, management, monitoring: a mail server runs more than mail. */
static void on_ports_of_other_services_a_servers_address_says_nothing(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {636, 3269, 3389, 5986, 8443, 10050};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		struct session session = {.server = "192.0.2.10",
			.port = PORTS[i],
			.sni = "mail.example.org",
			.is_from_internet = true,
			.is_ended = true};
		assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
		session.server = "192.0.2.25"; /* a relay */
		assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
		session.sni = "imap.example.org";
		assert_int_equal(name_of(session).protocol, PROTOCOL_IMAPS);
		session.alpn = "smtp";
		assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
	}
}

static void webmail_is_not_a_mail_protocol(void **state)
{
	(void)state;
	const struct naming naming = name_of((struct session){.server = "203.0.113.9",
		.port = 443,
		.sni = "mail.example.com",
		.alpn = "h2",
		.is_ended = true});
	assert_true(naming.is_decided);
	assert_int_equal(naming.protocol, PROTOCOL_TLS);
}

static void a_server_name_is_evidence_on_any_port(void **state)
{
	(void)state;
	const struct naming naming = name_of((struct session){
		.server = "203.0.113.9", .port = 8443, .sni = "imap.example.com"});
	assert_int_equal(naming.protocol, PROTOCOL_IMAPS);
	assert_string_equal(naming.evidence, "server name");
}

static void alpn_is_evidence_on_any_port(void **state)
{
	(void)state;
	assert_int_equal(
		name_of((struct session){
				.server = "203.0.113.9", .port = 443, .alpn = "imap"})
			.protocol,
		PROTOCOL_IMAPS);
}

/* Each is named by what its client asks for, or by whose address it goes to. */
static const struct {
	struct session session;
	enum protocol named;
} ASKED[] = {
	{{.server = "203.0.113.9", .port = 8443, .alpn = "imap"}, PROTOCOL_IMAPS},
	{{.server = "203.0.113.9", .port = 25, .alpn = "smtp"}, PROTOCOL_SMTPS},
	{{.server = "203.0.113.9", .port = 8465, .sni = "smtp.example.net"},
		PROTOCOL_SMTPS},
	{{.server = "203.0.113.9", .port = 443, .sni = "outlook.example.net"},
		PROTOCOL_EXCHANGE_HTTPS},
	{{.server = "192.0.2.10", .port = 443}, PROTOCOL_EXCHANGE_HTTPS},
	{{.server = "192.0.2.10", .port = 9993, .is_from_internet = true},
		PROTOCOL_IMAPS},
};
#define ASKED_COUNT (sizeof(ASKED) / sizeof(ASKED[0]))

static void what_a_client_asks_for_names_nothing_before_the_server_s_hello(void **state)
{
	(void)state;
	for (size_t i = 0; i < ASKED_COUNT; i++) {
		struct session session = ASKED[i].session;
		session.is_server_captured = true;
		session.has_client_hello = true;
		assert_false(name_of(session).is_decided);
		session.is_ended = true;
		assert_true(name_of(session).is_decided);
		assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
		session.is_ended = false;
		session.has_server_hello = true;
		assert_true(name_of(session).is_decided);
		assert_int_equal(name_of(session).protocol, ASKED[i].named);
	}
}

static void where_the_server_s_hello_may_be_lost_what_is_asked_for_names_it(
	void **state)
{
	(void)state;
	for (size_t i = 0; i < ASKED_COUNT; i++) {
		struct session session = ASKED[i].session;
		session.is_ended = true;
		assert_int_equal(name_of(session).protocol, ASKED[i].named);
		session.is_server_captured = true;
		session.has_client_hello = true;
		session.has_gap = true;
		assert_int_equal(name_of(session).protocol, ASKED[i].named);
		/* both ends are in the midst of TLS: what no hello says, none may take back */
		session.has_gap = session.has_client_hello = false;
		assert_int_equal(name_of(session).protocol, ASKED[i].named);
	}
}

static void the_port_of_implicit_tls_needs_no_hello_of_the_server(void **state)
{
	(void)state;
	struct session session = {
		.server = "203.0.113.9", .port = 993, .is_server_captured = true};
	assert_int_equal(name_of(session).protocol, PROTOCOL_IMAPS);
	session.port = 465;
	assert_int_equal(name_of(session).protocol, PROTOCOL_SMTPS);
}

static void without_a_name_the_certificate_is_waited_for(void **state)
{
	(void)state;
	assert_false(name_of((struct session){.server = "203.0.113.9", .port = 8443})
			     .is_decided);
	const struct naming naming = name_of((struct session){.server = "203.0.113.9",
		.port = 8443,
		.certificate_names = "www.example.com,pop3.example.com"});
	assert_int_equal(naming.protocol, PROTOCOL_POP3S);
	const struct naming ended = name_of((struct session){
		.server = "203.0.113.9", .port = 8443, .is_ended = true});
	assert_true(ended.is_decided);
	assert_int_equal(ended.protocol, PROTOCOL_TLS);
}

static void a_declared_mailbox_server_on_443_is_exchange_over_https(void **state)
{
	(void)state;
	assert_int_equal(
		name_of((struct session){
				.server = "192.0.2.10", .port = 443, .alpn = "h2"})
			.protocol,
		PROTOCOL_EXCHANGE_HTTPS);
	assert_int_equal(name_of((struct session){.server = "203.0.113.9",
					 .port = 443,
					 .sni = "mail.example.org",
					 .alpn = "h2"})
				 .protocol,
		PROTOCOL_EXCHANGE_HTTPS);
}

/* A port is only guessed to be the server's: the relay may be a client of a database. */
static void a_declared_relay_in_the_midst_of_tls_is_not_known_to_serve(void **state)
{
	(void)state;
	const struct session relay = {.server = "192.0.2.25",
		.port = 52838,
		.is_midstream = true,
		.is_ended = true};
	struct session mailbox = relay;
	mailbox.server = "192.0.2.10";
	mailbox.is_from_internet = true;
	assert_int_equal(name_of(relay).protocol, PROTOCOL_TLS);
	assert_int_equal(name_of(mailbox).protocol, PROTOCOL_TLS);
}

static void a_declared_relay_speaking_tls_on_an_odd_port_is_smtps(void **state)
{
	(void)state;
	assert_int_equal(
		name_of((struct session){.server = "192.0.2.25", .port = 10465})
			.protocol,
		PROTOCOL_SMTPS);
}

static void a_name_of_exchange_on_443_is_exchange_over_https(void **state)
{
	(void)state;
	static const char *const NAMES[] = {
		"autodiscover.example.net", "outlook.office365.com"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		const struct naming naming =
			name_of((struct session){.server = "203.0.113.9",
				.port = 443,
				.sni = NAMES[i],
				.alpn = "h2,http/1.1"});
		assert_true(naming.is_decided);
		assert_int_equal(naming.protocol, PROTOCOL_EXCHANGE_HTTPS);
		assert_string_equal(naming.evidence, "server name");
	}
}

static void other_names_on_443_are_no_mail(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"www.example.net", "owa-shop.example.net",
		"outlooks.example.net", "www.exchange.example.net"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		const struct naming naming =
			name_of((struct session){.server = "203.0.113.9",
				.port = 443,
				.sni = NAMES[i],
				.alpn = "h2"});
		assert_true(naming.is_decided);
		assert_int_equal(naming.protocol, PROTOCOL_TLS);
	}
}

static void a_weak_name_wants_a_certificate_that_says_exchange(void **state)
{
	(void)state;
	struct session session = {.server = "203.0.113.9",
		.port = 443,
		.sni = "mail.example.net",
		.alpn = "h2"};
	assert_false(name_of(session).is_decided);
	session.certificate_names = "mail.example.net, autodiscover.example.net";
	assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_string_equal(name_of(session).evidence, "certificate name");
	session.certificate_names = "mail.example.net, www.example.net";
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
	/* nor does one such label make the others Exchange's */
	static const char *const NAMES[] = {"owa.example.net", "exchange.example.net",
		"ews.example.net", "mapi.example.net", "activesync.example.net"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		session.sni = NAMES[i];
		session.certificate_names = NAMES[i];
		assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
		session.certificate_names = "x.example.net, autodiscover.example.net";
		assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	}
	session.certificate_names = NULL;
	session.is_ended = true;
	assert_int_equal(name_of(session).protocol, PROTOCOL_TLS);
}

static void the_evidence_tells_an_address_from_a_name(void **state)
{
	(void)state;
	struct session session = {
		.server = "192.0.2.10", .port = 443, .sni = "www.example.net"};
	assert_string_equal(name_of(session).evidence, "declared server");
	session.server = "203.0.113.9";
	session.sni = "mail.example.org";
	assert_string_equal(name_of(session).evidence, "declared server name");
}

static void what_only_a_declared_name_makes_mail_is_told_apart(void **state)
{
	(void)state;
	struct session session = {
		.server = "203.0.113.9", .port = 443, .sni = "mail.example.org"};
	assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_true(is_by_name);
	session.server = "192.0.2.10"; /* its address says so as well */
	assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_false(is_by_name);
	session.server = "203.0.113.9";
	session.certificate_names = "autodiscover.example.org"; /* Exchange's own */
	assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_false(is_by_name);
	session.sni = "outlook.example.net"; /* nobody declared it */
	assert_int_equal(name_of(session).protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_false(is_by_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own_port_names_it),
		cmocka_unit_test(
			where_the_beginning_is_lost_the_port_of_starttls_names_it),
		cmocka_unit_test(a_name_of_its_own_is_not_a_kind_of_server),
		cmocka_unit_test(a_word_of_the_first_label_tells_and_not_its_beginning),
		cmocka_unit_test(on_the_web_s_port_a_site_s_name_is_no_mail),
		cmocka_unit_test(
			a_certificate_of_the_web_s_port_must_name_nothing_else),
		cmocka_unit_test(providers_take_submission_beside_465),
		cmocka_unit_test(alpn_outranks_what_a_declared_server_usually_speaks),
		cmocka_unit_test(alpn_for_http_hides_no_mail),
		cmocka_unit_test(
			tls_from_the_first_byte_is_submission_and_sieve_on_their_ports),
		cmocka_unit_test(
			tls_from_the_internet_to_a_mailbox_server_is_imaps_on_any_port),
		cmocka_unit_test(http_inside_to_no_server_of_mail_is_never_imap),
		cmocka_unit_test(
			a_certificate_of_mail_outweighs_a_name_that_is_not_its),
		cmocka_unit_test(
			on_ports_of_other_services_a_servers_address_says_nothing),
		cmocka_unit_test(webmail_is_not_a_mail_protocol),
		cmocka_unit_test(a_server_name_is_evidence_on_any_port),
		cmocka_unit_test(alpn_is_evidence_on_any_port),
		cmocka_unit_test(
			what_a_client_asks_for_names_nothing_before_the_server_s_hello),
		cmocka_unit_test(
			where_the_server_s_hello_may_be_lost_what_is_asked_for_names_it),
		cmocka_unit_test(the_port_of_implicit_tls_needs_no_hello_of_the_server),
		cmocka_unit_test(without_a_name_the_certificate_is_waited_for),
		cmocka_unit_test(
			a_declared_mailbox_server_on_443_is_exchange_over_https),
		cmocka_unit_test(
			a_declared_relay_in_the_midst_of_tls_is_not_known_to_serve),
		cmocka_unit_test(a_declared_relay_speaking_tls_on_an_odd_port_is_smtps),
		cmocka_unit_test(a_name_of_exchange_on_443_is_exchange_over_https),
		cmocka_unit_test(other_names_on_443_are_no_mail),
		cmocka_unit_test(a_weak_name_wants_a_certificate_that_says_exchange),
		cmocka_unit_test(the_evidence_tells_an_address_from_a_name),
		cmocka_unit_test(what_only_a_declared_name_makes_mail_is_told_apart),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
