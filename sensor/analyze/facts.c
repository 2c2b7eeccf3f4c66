#include "analyze/facts.h"
#include "base/text.h"

#include <stddef.h>

struct mechanism_row {
	unsigned flag;
	const char *name;
};

/* The names of records; IANA's SASL mechanism registry where there is one. */
static const struct mechanism_row MECHANISMS[] = {
	{FACTS_MECHANISM_PLAIN, "PLAIN"},
	{FACTS_MECHANISM_LOGIN, "LOGIN"},
	{FACTS_MECHANISM_USER_PASS, "USER/PASS"},
	{FACTS_MECHANISM_USER_ONLY, "USER"},
	{FACTS_MECHANISM_XOAUTH2, "XOAUTH2"},
	{FACTS_MECHANISM_OAUTHBEARER, "OAUTHBEARER"},
	{FACTS_MECHANISM_CRAM_MD5, "CRAM-MD5"},
	{FACTS_MECHANISM_DIGEST_MD5, "DIGEST-MD5"},
	{FACTS_MECHANISM_SCRAM, "SCRAM"},
	{FACTS_MECHANISM_NTLM, "NTLM"},
	{FACTS_MECHANISM_GSSAPI, "GSSAPI"},
	{FACTS_MECHANISM_EXTERNAL, "EXTERNAL"},
	{FACTS_MECHANISM_APOP, "APOP"},
	{FACTS_MECHANISM_ANONYMOUS, "ANONYMOUS"},
	{FACTS_MECHANISM_BASIC, "BASIC"},
	{FACTS_MECHANISM_OTHER, "OTHER"},
};

#define MECHANISM_COUNT (sizeof(MECHANISMS) / sizeof(MECHANISMS[0]))

const char *facts_mechanism_name(unsigned flag)
{
	for (size_t i = 0; i < MECHANISM_COUNT; i++) {
		if (MECHANISMS[i].flag == flag) {
			return MECHANISMS[i].name;
		}
	}
	return "OTHER";
}

unsigned facts_mechanism_flag(struct text name)
{
	/* USER and APOP are commands of POP3, not names that SASL knows */
	const unsigned commands = FACTS_MECHANISM_USER_PASS |
				  FACTS_MECHANISM_USER_ONLY | FACTS_MECHANISM_APOP;
	for (size_t i = 0; i < MECHANISM_COUNT; i++) {
		if ((MECHANISMS[i].flag & commands) == 0 &&
			text_is(name, MECHANISMS[i].name)) {
			return MECHANISMS[i].flag;
		}
	}
	if (text_starts(name, "SCRAM-")) {
		return FACTS_MECHANISM_SCRAM;
	}
	if (text_is(name, "GSS-SPNEGO")) {
		return FACTS_MECHANISM_GSSAPI;
	}
	return FACTS_MECHANISM_OTHER;
}
