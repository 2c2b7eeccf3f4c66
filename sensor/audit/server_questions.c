#include "audit/server.h"

#include <string.h>

static const struct server_question_row ROWS[SERVER_QUESTION_COUNT] = {
	[SERVER_CONNECTION] = {"connection", "the server can be asked", SEVERITY_NONE,
		SEVERITY_NONE},
	[SERVER_GREETING] = {"greeting", "it greets as a server of this protocol does",
		SEVERITY_MEDIUM, SEVERITY_MEDIUM},
	[SERVER_SIGN_IN_CLEAR] = {"sign-in-clear",
		"no sign-in is offered before TLS that gives a password away",
		SEVERITY_HIGH, SEVERITY_HIGH},
	[SERVER_STARTTLS] = {"starttls", "STARTTLS is offered", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_STARTTLS_OBSERVED] = {"starttls-observed",
		"clients were offered STARTTLS on the wire, too", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_STARTTLS_INJECTION] = {"starttls-injection",
		"what comes in clear behind STARTTLS is dropped", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_TLS] = {"tls", "a TLS handshake succeeds", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_TLS_LOWEST] = {"tls-lowest",
		"versions of TLS that are too low are refused", SEVERITY_MEDIUM,
		SEVERITY_LOW},
	[SERVER_TLS_1_3] = {"tls-1.3", "TLS 1.3 is spoken", SEVERITY_NONE,
		SEVERITY_NONE},
	[SERVER_SUITE] = {"suite", "the suite it chooses is state of the art",
		SEVERITY_MEDIUM, SEVERITY_LOW},
	[SERVER_SUITES_WEAK] = {"suites-weak", "weak suites are refused", SEVERITY_LOW,
		SEVERITY_NONE},
	[SERVER_CERTIFICATE_CHAIN] = {"certificate-chain",
		"an authority that is trusted vouches for the certificate",
		SEVERITY_MEDIUM, SEVERITY_LOW},
	[SERVER_CERTIFICATE_NAME] = {"certificate-name",
		"the certificate is for this server", SEVERITY_MEDIUM, SEVERITY_LOW},
	[SERVER_CERTIFICATE_DATES] = {"certificate-dates",
		"the certificate is valid for more than 30 days", SEVERITY_MEDIUM,
		SEVERITY_LOW},
	[SERVER_CERTIFICATE_KEY] = {"certificate-key",
		"key and signature of the certificate are strong", SEVERITY_MEDIUM,
		SEVERITY_LOW},
	[SERVER_CERTIFICATE_OBSERVED] = {"certificate-observed",
		"the certificate is one that the wire showed", SEVERITY_HIGH,
		SEVERITY_HIGH},
	[SERVER_REQUIRETLS] = {"requiretls",
		"REQUIRETLS is offered inside TLS, and there alone", SEVERITY_NONE,
		SEVERITY_NONE},
	[SERVER_CHUNKING] = {"chunking", "CHUNKING is offered inside TLS",
		SEVERITY_NONE, SEVERITY_NONE},
	[SERVER_BARE_LF] = {"bare-lf",
		"a line that ends in LF alone is not taken as one", SEVERITY_MEDIUM,
		SEVERITY_MEDIUM},
};

const struct server_question_row *server_question_row(enum server_question question)
{
	return &ROWS[question];
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

bool server_answer_is_whole(const struct server_answer *answer)
{
	return answer->question < SERVER_QUESTION_COUNT &&
	       answer->reply <= SERVER_COULD_NOT_ASK &&
	       answer->protocol < PROTOCOL_COUNT && answer->severity <= SEVERITY_LOW &&
	       ends(answer->key, sizeof(answer->key)) &&
	       ends(answer->why, sizeof(answer->why));
}
