#include "audit/server.h"

#include <stdio.h>
#include <string.h>

struct question_row {
	const char *id;
	const char *question; /* what yes says */
	/* of a no: to clients, and between servers (R42 tolerates more there) */
	enum severity severity;
	enum severity between;
};

static const struct question_row ROWS[SERVER_QUESTION_COUNT] = {
	[SERVER_CONNECTION] = {"server.connection", "the server can be asked",
		SEVERITY_NONE, SEVERITY_NONE},
	[SERVER_GREETING] = {"server.greeting",
		"it greets as a server of this protocol does", SEVERITY_MEDIUM,
		SEVERITY_MEDIUM},
	[SERVER_SIGN_IN_CLEAR] = {"server.sign-in-clear",
		"no sign-in is offered before TLS that gives a password away",
		SEVERITY_HIGH, SEVERITY_HIGH},
	[SERVER_STARTTLS] = {"server.starttls", "STARTTLS is offered", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_STARTTLS_OBSERVED] = {"server.starttls-observed",
		"clients were offered STARTTLS on the wire, too", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_STARTTLS_INJECTION] = {"server.starttls-injection",
		"what comes in clear behind STARTTLS is dropped", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_TLS] = {"server.tls", "a TLS handshake succeeds", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_TLS_LOWEST] = {"server.tls-lowest",
		"versions of TLS that are too low are refused", SEVERITY_MEDIUM,
		SEVERITY_LOW},
	[SERVER_TLS_1_3] = {"server.tls-1.3", "TLS 1.3 is spoken", SEVERITY_NONE,
		SEVERITY_NONE},
	[SERVER_SUITE] = {"server.suite", "the suite it chooses is state of the art",
		SEVERITY_MEDIUM, SEVERITY_LOW},
	[SERVER_SUITES_WEAK] = {"server.suites-weak", "weak suites are refused",
		SEVERITY_LOW, SEVERITY_NONE},
	[SERVER_CERTIFICATE_CHAIN] = {"server.certificate-chain",
		"an authority that is trusted vouches for the certificate",
		SEVERITY_MEDIUM, SEVERITY_LOW},
	[SERVER_CERTIFICATE_NAME] = {"server.certificate-name",
		"the certificate is for this server", SEVERITY_MEDIUM, SEVERITY_LOW},
	[SERVER_CERTIFICATE_DATES] = {"server.certificate-dates",
		"the certificate is valid for more than 30 days", SEVERITY_MEDIUM,
		SEVERITY_LOW},
	[SERVER_CERTIFICATE_KEY] = {"server.certificate-key",
		"key and signature of the certificate are strong", SEVERITY_MEDIUM,
		SEVERITY_LOW},
	[SERVER_CERTIFICATE_OBSERVED] = {"server.certificate-observed",
		"the certificate is one that the wire showed", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_CERTIFICATE_MTASTS] = {"server.certificate-mtasts",
		"senders that heed the MTA-STS policy take the certificate",
		SEVERITY_HIGH, SEVERITY_HIGH},
	[SERVER_DANE] = {"server.dane",
		"a TLSA record of the MX host is for the certificate", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_REQUIRETLS] = {"server.requiretls",
		"REQUIRETLS is offered inside TLS, and there alone", SEVERITY_NONE,
		SEVERITY_NONE},
	[SERVER_CHUNKING] = {"server.chunking", "CHUNKING is offered inside TLS",
		SEVERITY_NONE, SEVERITY_NONE},
	[SERVER_BARE_LF] = {"server.bare-lf",
		"a line that ends in LF alone is not taken as one", SEVERITY_NONE,
		SEVERITY_NONE},
};

enum severity server_severity(enum server_question question, bool is_between)
{
	return is_between ? ROWS[question].between : ROWS[question].severity;
}

const struct audit_check *server_check(
	enum server_question question, enum severity severity)
{
	static struct audit_check checks[SERVER_QUESTION_COUNT][SEVERITY_LOW + 1];
	struct audit_check *check = &checks[question][severity];
	*check = (struct audit_check){
		ROWS[question].id, ROWS[question].question, severity};
	return check;
}

void server_subject(const struct server_answer *answer, char text[SERVER_SUBJECT_BYTES])
{
	const bool is_ipv4 = address_is_ipv4(&answer->address);
	char address[ADDRESS_TEXT_BYTES];
	(void)snprintf(text, SERVER_SUBJECT_BYTES, "%s%s%s:%u %s%s%s",
		is_ipv4 ? "" : "[", address_text(&answer->address, address),
		is_ipv4 ? "" : "]", answer->port, protocol_name(answer->protocol),
		answer->key[0] != '\0' ? ", " : "", answer->key);
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

bool server_answer_is_whole(const struct server_answer *answer)
{
	return answer->question < SERVER_QUESTION_COUNT &&
	       answer->state < AUDIT_STATES && answer->protocol < PROTOCOL_COUNT &&
	       answer->severity <= SEVERITY_LOW &&
	       ends(answer->key, sizeof(answer->key)) &&
	       ends(answer->why, sizeof(answer->why));
}

bool server_pin_is_whole(const struct server_pin *pin)
{
	return ends(pin->host, sizeof(pin->host)) &&
	       ends(pin->domain, sizeof(pin->domain)) &&
	       pin->kind <= SERVER_PIN_ENFORCED && pin->pin.len <= TLS_PIN_BYTES;
}

bool server_pin_equal(const struct server_pin *one, const struct server_pin *other)
{
	return one->kind == other->kind &&
	       address_equal(&one->address, &other->address) &&
	       strcmp(one->host, other->host) == 0 &&
	       strcmp(one->domain, other->domain) == 0 &&
	       tls_pin_equal(&one->pin, &other->pin);
}
