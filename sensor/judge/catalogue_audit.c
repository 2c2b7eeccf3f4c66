#include "judge/catalogue.h"

#include <assert.h>

/* What `mailwarden audit` found by asking; of several severities, the gravest. */
static const struct finding_row ROWS[FINDING_COUNT] = {
	[FINDING_AUDIT_SENDER_UNPUBLISHED] = {"audit.sender-unpublished", SEVERITY_HIGH,
		3700204, 1, "Declared server that SPF does not let send", {"SPF"},
		{NULL},
		"The matrix declares a server that sends to the Internet, or for the "
		"domain. The domain's SPF record does not let it send: receivers "
		"refuse or doubt its mail.",
		"Name it in the SPF record, or take it out of the matrix.",
		"A server behind another address than the one that the matrix "
		"declares (NAT)."},
	[FINDING_AUDIT_SENDER_UNDECLARED] = {"audit.sender-undeclared", SEVERITY_MEDIUM,
		3700205, 1, "SPF lets send whom no row declares", {"R37", "SPF"},
		{NULL},
		"The SPF record of an own domain lets addresses send that no "
		"row of the matrix lets send to the Internet and that `domains` "
		"does not name.",
		"Find out who it is: a service that was bought, a server that "
		"is gone. Declare it, or take it out of the record.",
		"A provider whose own record names all that it has: declare it "
		"in `domains`."},
	[FINDING_AUDIT_SPF] = {"audit.spf", SEVERITY_HIGH, 3700206, 1,
		"SPF record that does not protect", {"SPF"}, {"T1684.002"},
		"An own domain has no SPF record or several, one that breaks "
		"the limits of RFC 7208, or one that lets nearly everybody "
		"send. The alert says what, and its own severity.",
		"Correct the record; `mailwarden audit --domain` shows what it "
		"says.",
		"A domain that never sends: `v=spf1 -all`."},
	[FINDING_AUDIT_DKIM] = {"audit.dkim", SEVERITY_HIGH, 3700207, 1,
		"DKIM key that is missing or weak", {"DKIM"}, {"T1684.002"},
		"A declared selector of an own domain has no key, or a key that "
		"cannot be used, is short or is marked as a test.",
		"Publish the key, or make a new one of 2048 bits and change the "
		"selector.",
		"A selector that was retired: take it out of the matrix."},
	[FINDING_AUDIT_DMARC] = {"audit.dmarc", SEVERITY_HIGH, 3700208, 1,
		"DMARC policy that does not protect", {"DMARC"}, {"T1684.002"},
		"An own domain has no DMARC record by RFC 9989, its policy lets mail "
		"pass that fails, or its reports go to somebody who does not take "
		"them.",
		"Publish `p=quarantine`, then `p=reject`; read the reports with "
		"`mailwarden dmarc`.",
		"A policy on its way: `p=none` while the first reports come in."},
	[FINDING_AUDIT_MX_UNDECLARED] = {"audit.mx-undeclared", SEVERITY_HIGH, 3700209,
		1, "MX host that no row lets receive", {"R37"}, {NULL},
		"An MX record of an own domain leads to a host that no row of "
		"the matrix lets take mail from the Internet: mail goes where "
		"nobody looks.",
		"Declare the host, or take it out of the MX records.",
		"A provider that filters the mail before it comes in: declare "
		"its group."},
	[FINDING_AUDIT_MX_UNPUBLISHED] = {"audit.mx-unpublished", SEVERITY_LOW, 3700210,
		1, "Declared receiving server that is no MX", {"R37"}, {NULL},
		"A row lets a server take mail from the Internet and no MX record of "
		"the own domains leads to it. Somebody forgot the server, or the row.",
		"Take the row out, or publish the server.", "A server in reserve."},
	[FINDING_AUDIT_MX] = {"audit.mx", SEVERITY_MEDIUM, 3700211, 1,
		"MX records that do not lead to a server", {NULL}, {NULL},
		"An own domain does not say who takes its mail, or an MX host "
		"has no address or is an alias.",
		"Correct the MX records; a domain without mail has a null MX "
		"(RFC 7505).",
		"A domain without mail that has neither."},
	[FINDING_AUDIT_TLS_POLICY] = {"audit.tls-policy", SEVERITY_MEDIUM, 3700212, 1,
		"DNSSEC, DANE, MTA-STS or TLS-RPT not in order", {"R42"}, {"T1557"},
		"What an own domain publishes so that others send to it with "
		"TLS is missing, cannot be used, or does not fit its servers: "
		"senders go back to TLS that nobody checked, or do not send at "
		"all.",
		"Correct the record or the policy that the alert names, before "
		"its servers.",
		"A site that publishes one of DANE and MTA-STS alone, on "
		"purpose."},
	[FINDING_AUDIT_CERTIFICATE] = {"audit.certificate", SEVERITY_MEDIUM, 3700213, 1,
		"Certificate of a declared server not in order", {"R41", "R42"},
		{"T1557"},
		"When asked, a declared server showed a certificate that has ended or "
		"ends within 30 days, that is for another name, that no trusted "
		"authority vouches for, or whose key is weak. Asking sees inside TLS "
		"1.3, too. The severity is lower between servers.",
		"Renew it, and automate the renewal.",
		"An authority of the site's own: give it to `--ca-file`."},
	[FINDING_AUDIT_CERTIFICATE_DIFFERS] = {"audit.certificate-differs",
		SEVERITY_HIGH, 3700214, 1, "Certificate other than the one on the wire",
		{"R42"}, {"T1557"},
		"When asked, a declared server showed another certificate than the "
		"sensor sees on the wire: somebody stands between, here or there.",
		"Look for a device that inspects TLS on one of the two paths.",
		"Several servers behind one address; a certificate that was "
		"just renewed."},
	[FINDING_AUDIT_STARTTLS] = {"audit.starttls", SEVERITY_HIGH, 3700215, 1,
		"STARTTLS is not offered when asked", {"R42"}, {"T1040", "T1689"},
		"When asked, a declared server does not offer STARTTLS, offers it "
		"overwritten, or offers it here and not to its clients on the wire. "
		"The severity is low where its rows leave TLS open.",
		"Switch STARTTLS on; look for a device that takes it away.",
		"A server that offers it to some networks only."},
	[FINDING_AUDIT_STARTTLS_INJECTION] = {"audit.starttls-injection", SEVERITY_HIGH,
		3700216, 1, "Server keeps clear text over STARTTLS", {"R42"}, {"T1557"},
		"A declared server took a command that was sent in clear behind "
		"STARTTLS as if it had come inside TLS (CVE-2011-0411).",
		"Update the server. Until then let nobody between it and its clients.",
		"None is known."},
	[FINDING_AUDIT_TLS] = {"audit.tls", SEVERITY_MEDIUM, 3700217, 1,
		"TLS of a declared server below the rules", {"R41", "R42"}, {"T1557"},
		"When asked, a declared server has no TLS that works, takes versions "
		"below TLS 1.2 or below `min_tls` of its rows, or chooses or takes "
		"suites that are not state of the art. The severity is lower between "
		"servers, where R42 tolerates more.",
		"Set the server's lowest version and its suites; "
		"`docs/policy.md` has the grades.",
		"Clients too old for anything better, for a while."},
	[FINDING_AUDIT_REQUIRETLS] = {"audit.requiretls", SEVERITY_LOW, 3700218, 1,
		"REQUIRETLS offered where it cannot be kept", {"R42+"}, {NULL},
		"A declared server offers REQUIRETLS in clear, where RFC 8689 "
		"forbids it.",
		"Correct the server: it offers the extension inside TLS alone.",
		"None is known."},
	[FINDING_AUDIT_SIGN_IN_CLEAR] = {"audit.sign-in-clear", SEVERITY_HIGH, 3700219,
		1, "Server takes passwords before TLS", {"R41"}, {"T1040"},
		"When asked in clear, a declared server offers a sign-in that gives "
		"the password away to whoever listens (PLAIN, LOGIN, USER, XOAUTH2).",
		"Allow sign-in inside TLS alone (`smtpd_tls_auth_only`, `ssl = "
		"required`).",
		"None: a client that begins before TLS has shown its password."},
	[FINDING_AUDIT_ANSWER] = {"audit.answer", SEVERITY_LOW, 3700220, 1,
		"Declared server answers as it should not", {NULL}, {NULL},
		"When asked, a declared server does not greet as a server of its "
		"protocol does, or answers otherwise than it should. The alert says "
		"what, and its own severity.",
		"Look at what answers at this address and port.",
		"A port that the matrix gives another protocol."},
	[FINDING_AUDIT_NOT_ASKED] = {"audit.not-asked", SEVERITY_LOW, 3700221, 1,
		"Audit could not ask", {NULL}, {NULL},
		"The audit could not ask what it wanted to know: no answer in time, a "
		"busy server, a signature of DNSSEC that does not hold. The result is "
		"neither yes nor no.",
		"Look at the reason, correct it, and run the audit again.",
		"A server that is down for maintenance."},
};

const struct finding_row *catalogue_audit_row(enum finding finding)
{
	assert(finding >= FINDING_AUDIT_ASKED && finding < FINDING_COUNT);
	return &ROWS[finding];
}
