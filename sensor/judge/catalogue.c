#include "judge/catalogue.h"

#include <assert.h>

/* Identifiers and signature numbers are never reused, see docs/findings.md. */
static const struct finding_row ROWS[FINDING_AUDIT_ASKED] = {
	[FINDING_SENDER_ILLEGITIMATE] = {"sender.illegitimate", SEVERITY_HIGH, 3700001,
		1, "Mail sent by a host that no row lets send", {"R37"}, {"T1071.003"},
		"A host hands over mail (smtp, submission, smtps, submissions or "
		"lmtp) and no row of the matrix allows these two ends with this "
		"protocol. An expired row allows nothing. The alert is critical for a "
		"host that reached five servers within an hour.",
		"Identify the host. Give a legitimate server a row with an owner and "
		"a ticket. Block anything else at the firewall and examine it: "
		"malware that sends mail looks like this.",
		"A new server or scanner that nobody declared; a server that moved to "
		"another address."},
	[FINDING_SENDER_ATTEMPT] = {"sender.attempt", SEVERITY_LOW, 3700002, 1,
		"Attempt to reach a mail port that no row allows", {"R37"},
		{"T1071.003"},
		"A SYN went to a mail port that no row allows for these two ends. It "
		"was refused or not answered, so the sensor saw no mail. Or a server "
		"answered, and the client said hello and nothing more (medium): a "
		"probe, or spoke another protocol to what greets as a mail server, "
		"which took nothing of it (medium).",
		"Check that the firewall blocks and logs it. Then find the program on "
		"the source that tries to reach mail servers. A row with `probe: yes` "
		"declares your own monitoring.",
		"Vulnerability scanners and monitoring; scans from the Internet; a "
		"mistyped server name; a browser that a web page sent to the port of "
		"mail."},
	[FINDING_FLOW_ILLEGITIMATE] = {"flow.illegitimate", SEVERITY_HIGH, 3700003, 1,
		"Mail access that no row allows", {"R37"}, {"T1071.003", "T1114.002"},
		"A mail flow that does not send (imap, pop3, sieve, MAPI, Exchange "
		"services) and that no row "
		"allows for these two ends.",
		"Find out who reads which mailbox from there. Declare the flow or "
		"block it.",
		"A user's private mailbox at a provider; a mailbox server that was not "
		"declared."},
	[FINDING_FLOW_ROLE_MISMATCH] = {"flow.role-mismatch", SEVERITY_HIGH, 3700004, 1,
		"Mail flow against the role of its ends", {"R37", "R36"}, {"T1071.003"},
		"No row allows the flow, and the declared roles exclude it: mail is "
		"read from a server that "
		"keeps none, a transport server reads mail, the inbound server "
		"initiates something to the Internet (R36), or the outbound server "
		"takes mail from others than mailbox, submission and relay servers "
		"(R36). An alert names R36 in these two cases only.",
		"Check that the server still does its one job only, and that its "
		"group is declared right. Somebody may abuse an inbound server that "
		"sends out as a relay.",
		"One server holding two roles; bounces sent by the inbound server "
		"itself."},
	[FINDING_PORT_UNUSUAL] = {"port.unusual", SEVERITY_MEDIUM, 3700005, 1,
		"Mail protocol on a port not declared for it", {"R37"}, {"T1571"},
		"The bytes are a mail protocol on a port that the row does not "
		"declare. Where no row fits at all, the port is none of the "
		"protocol's own.",
		"Declare the port in the row (`ports:`) when it is meant. Otherwise "
		"treat the flow as an attempt to get around port filters.",
		"Content filters and test servers (2525, 10024-10027); Exchange "
		"between servers (2525, 475, 717)."},
	[FINDING_PORT_FOREIGN] = {"port.foreign", SEVERITY_MEDIUM, 3700006, 1,
		"Something other than mail on a mail port", {"R37"}, {"T1095", "T1572"},
		"A port that belongs to a mail protocol carries a recognised protocol "
		"that is not mail: often a "
		"tunnel through a firewall that opens the port.",
		"Name the program on both ends. Filter by protocol, not by port, at "
		"the gateway.",
		"Port scanners that send HTTP or TLS to every port; a server moved to "
		"a free port by habit."},
	[FINDING_SMTPS_IMPLICIT] = {"smtps.implicit", SEVERITY_MEDIUM, 3700007, 2,
		"SMTP over implicit TLS where it does not belong", {"R42"},
		{"T1071.003"},
		"SMTP inside TLS from the first byte (port 465). Between servers R42 "
		"wants STARTTLS on 25. Towards or from the Internet the sensor "
		"reports it even where a row declares it, unless the row names "
		"`submissions` of a host that is no server.",
		"Disable or block 465 between servers. For users either declare it in "
		"a row, or set "
		"`profile: rfc8314`.",
		"Users submitting to their own submission server under profile anssi: "
		"declare the row."},
	[FINDING_TLS_MISSING] = {"tls.missing", SEVERITY_HIGH, 3700008, 1,
		"Mail in clear where the row wants TLS", {"R41", "R42"}, {"T1040"},
		"Content or credentials crossed without TLS, or a flow that must be "
		"TLS from its first byte is in clear, and the row asks for TLS. The "
		"starttls findings beside it say which end is at fault.",
		"Make the client require TLS and the server refuse mail without it.",
		"A row stricter than what the servers were ever configured for."},
	[FINDING_TLS_CREDENTIALS_CLEAR] = {"tls.credentials-clear", SEVERITY_CRITICAL,
		3700009, 1, "Reusable credentials in clear", {"R41"}, {"T1040"},
		"A password or token crossed in clear (PLAIN, LOGIN, USER/PASS, "
		"XOAUTH2, OAUTHBEARER). Accepted or not, whoever reads the wire has "
		"it. The sensor never records the secret itself.",
		"Change the password, then disable these mechanisms without TLS on the "
		"server.",
		"None: the secret was on the wire. A rejected one may be a typing "
		"error of the right one."},
	[FINDING_TLS_STARTTLS_NOT_OFFERED] = {"tls.starttls-not-offered",
		SEVERITY_MEDIUM, 3700010, 1, "Server does not offer STARTTLS", {"R42"},
		{"T1040"},
		"The server listed its capabilities and STARTTLS is not among them, "
		"though the row wants TLS or "
		"the offer of it, or both ends are mail servers that no row speaks of.",
		"Activate STARTTLS on the server with a valid certificate.",
		"A middlebox removed the line without a trace: compare with a capture "
		"at the server."},
	[FINDING_TLS_STARTTLS_REFUSED] = {"tls.starttls-refused", SEVERITY_MEDIUM,
		3700011, 1, "Server refuses STARTTLS", {"R42"}, {"T1040"},
		"The client asked for STARTTLS, the server answered with an error, and "
		"the client went on in clear. Where it left and sent nothing, the "
		"sensor reports that when the flow ends (low).",
		"Read the server's log: a missing or mismatched key is the usual "
		"cause. Make the client stop "
		"instead of going on in clear.",
		"A temporary failure (454) while the server's certificate is being "
		"renewed."},
	[FINDING_TLS_STARTTLS_UNUSED] = {"tls.starttls-unused", SEVERITY_MEDIUM,
		3700012, 1, "Client does not use the STARTTLS offered", {"R42"},
		{"T1040"},
		"The server offered STARTTLS, the client sent content or credentials "
		"in clear, and the row wants encryption. Or the client is a mail "
		"server of ours that hands mail to the Internet, whatever the row "
		"lets go in clear to servers that offer nothing else.",
		"Switch STARTTLS on in the client and make the server require it on "
		"this path.",
		"Old devices (scanners, printers) that cannot do TLS: give them a row "
		"of their own. A server that tries again in clear when a handshake has "
		"failed."},
	[FINDING_TLS_STARTTLS_STRIPPED] = {"tls.starttls-stripped", SEVERITY_CRITICAL,
		3700013, 1, "STARTTLS removed on the path", {"R42"}, {"T1557", "T1689"},
		"Somebody overwrote the offer of STARTTLS or the command between the "
		"two ends. Or the same server offered it before and the line is gone, "
		"so that mail goes in clear. It is the trace of a middlebox, or of an "
		"attack.",
		"Look for SMTP inspection on the firewalls of the path. Switch it off "
		"or let TLS pass. Where there is none, treat it as interception.",
		"ESMTP inspection of a firewall in its default setting: no attack, but "
		"the effect is the same. STARTTLS switched off on the server, or "
		"offered to some clients alone (medium, once of a server)."},
	[FINDING_TLS_STARTTLS_INJECTION] = {"tls.starttls-injection", SEVERITY_HIGH,
		3700014, 1, "Clear data around STARTTLS", {"R42"}, {"T1557"},
		"Bytes were pipelined behind STARTTLS, or the dialogue went on in "
		"clear after the go-ahead. An "
		"unpatched peer takes them as if they had come encrypted "
		"(CVE-2011-0411 family).",
		"Patch both ends. RFC 3207 wants both to discard everything before "
		"the handshake.",
		"Careless clients that pipeline; test tools."},
	[FINDING_TLS_VERSION_OBSOLETE] = {"tls.version-obsolete", SEVERITY_MEDIUM,
		3700015, 1, "TLS version too old", {"R41", "R42"}, {"T1557"},
		"The version negotiated is below TLS 1.2 (RFC 8996) or below what the "
		"row asks (`min_tls`).",
		"Raise the lowest version on the server, after checking who still "
		"needs the old one.",
		"Where a row lets mail servers talk in clear, an old version is still "
		"better than that: the severity is one step lower there."},
	[FINDING_TLS_CIPHER_WEAK] = {"tls.cipher-weak", SEVERITY_MEDIUM, 3700016, 1,
		"Weak cipher suite", {"R41", "R42"}, {"T1040"},
		"The server chose a broken cipher suite (RC4, NULL, export, "
		"anonymous: high), one below the state of the art (no forward "
		"secrecy, 3DES, DH below 2048 bits: medium), or not the best of TLS "
		"1.2 (CBC: low). The severity is one step lower where a row lets mail "
		"servers talk in clear.",
		"Order the server's suites: ECDHE with AES-GCM or ChaCha20 first, the "
		"weak ones off.",
		"Anonymous suites between mail servers: opportunistic TLS picks them "
		"on purpose."},
	[FINDING_TLS_CERTIFICATE_EXPIRED] = {"tls.certificate-expired", SEVERITY_MEDIUM,
		3700017, 1, "Server certificate outside its validity", {"R42"},
		{"T1557"},
		"At the capture's time the server's certificate was expired or not "
		"valid yet. The sensor sees this up to TLS 1.2 only.",
		"Renew the certificate and automate the renewal.",
		"A sensor whose clock is wrong."},
	[FINDING_TLS_CERTIFICATE_EXPIRING] = {"tls.certificate-expiring",
		SEVERITY_MEDIUM, 3700018, 1,
		"Server certificate expires within 30 days", {"R42"}, {"T1557"},
		"The server's certificate ends within 30 days of the capture's time. "
		"The sensor sees this up to TLS 1.2 only.",
		"Renew it now.",
		"Certificates of 90 days that a machine renews in their last month."},
	[FINDING_TLS_CERTIFICATE_SELF_SIGNED] = {"tls.certificate-self-signed",
		SEVERITY_MEDIUM, 3700019, 1, "Self-signed server certificate", {"R42"},
		{"T1557"},
		"The server signed its own certificate, so no authority vouches for "
		"it. The sensor sees this up to TLS 1.2 only.",
		"Have it issued by an authority the clients trust.",
		"Clients that pin the certificate (DANE-EE); test servers."},
	[FINDING_TLS_CERTIFICATE_NAME_MISMATCH] = {"tls.certificate-name-mismatch",
		SEVERITY_MEDIUM, 3700020, 1, "Server certificate for another name",
		{"R42"}, {"T1557"},
		"The name the client asked for (SNI) is none of the certificate's "
		"names. The sensor sees this up to TLS 1.2 only.",
		"Add the name to the certificate, or correct the client's server name.",
		"A name that leads to a shared server with one certificate for all."},
	[FINDING_TLS_CERTIFICATE_WEAK_KEY] = {"tls.certificate-weak-key",
		SEVERITY_MEDIUM, 3700021, 1,
		"Weak key or signature in the server certificate", {"R42"}, {"T1557"},
		"RSA below 2048 bits, an elliptic curve below 224 bits, or a "
		"signature with MD5 or SHA-1. The sensor sees this up to TLS 1.2 only.",
		"Issue a new certificate with a new key.",
		"Old appliances with a certificate from the factory."},
	[FINDING_TLS_CLIENT_CERTIFICATE_MISSING] = {"tls.client-certificate-missing",
		SEVERITY_MEDIUM, 3700022, 1,
		"No client certificate where the row asks for one", {"R41"}, {NULL},
		"The row has `client_certificate: required` and the handshake (TLS 1.2 "
		"or older, not resumed) "
		"shows that the client gave none.",
		"Make the server require it, and install a certificate on the client.",
		"A client that authenticates inside TLS by other means: change the "
		"row."},
	[FINDING_REQUIRETLS_CLEAR] = {"requiretls.clear", SEVERITY_HIGH, 3700023, 1,
		"REQUIRETLS asked on a clear channel", {"R42+"}, {"T1040"},
		"MAIL FROM carries REQUIRETLS (RFC 8689) on a channel without TLS: the "
		"message asked never to "
		"travel in clear, and already does.",
		"Correct the sending server; it must not use the parameter outside "
		"TLS.",
		"Test tools."},
	[FINDING_ZONE_MAILBOX_MISPLACED] = {"zone.mailbox-misplaced", SEVERITY_HIGH,
		3700024, 1, "Mailbox server outside the internal zone", {"R34"},
		{"T1133"},
		"A server of role mailbox answers or sends from an address that is not "
		"in zone internal.",
		"Move the mailbox server inside, behind the gateway; or correct the "
		"declared zones.",
		"Zones that do not cover all internal prefixes."},
	[FINDING_ZONE_USER_ACCESS_EXPOSED] = {"zone.user-access-exposed",
		SEVERITY_CRITICAL, 3700025, 1, "Mailbox access open to the Internet",
		{NULL}, {"T1133"},
		"A user protocol (IMAP, POP, sieve, MAPI, ActiveSync, Exchange over "
		"HTTPS) reaches a mailbox or "
		"proxy from the Internet, outside the VPN. Where a row declares it, "
		"the severity is low.",
		"Put nomads into the VPN and close the port to the Internet.",
		"Nomads whose VPN addresses are not declared as a zone."},
	[FINDING_RELAY_CHAINED] = {"relay.chained", SEVERITY_HIGH, 3700026, 1,
		"Internal relay chained to an exposed server", {"R35"}, {"T1090"},
		"A declared relay serves the inside only. This one exchanges mail "
		"with the Internet, or with an exposed server without a row. Or it "
		"passes on what an exposed server has just handed to it, and one of "
		"the two hops has no row. The severity is low where a row declares "
		"the relay's way to the Internet.",
		"Let the relay speak with declared internal servers and the gateway's "
		"own outbound and inbound servers only.",
		"One host doing the work of relay and outbound server: declare it as "
		"what it is."},
	[FINDING_GATEWAY_SEND_RECEIVE_MIXED] = {"gateway.send-receive-mixed",
		SEVERITY_MEDIUM, 3700027, 1, "Gateway server both sends and receives",
		{"R36"}, {"T1090"},
		"Within a day the same server handed mail to the Internet and took "
		"mail from it. The guidance wants two servers, so that one that is "
		"taken over cannot do both.",
		"Split the gateway in an outbound and an inbound server.",
		"Small sites with one gateway by choice; bounces sent by the inbound "
		"server itself."},
	[FINDING_HEADER_INTERNAL_LEAK] = {"header.internal-leak", SEVERITY_LOW, 3700028,
		1, "Internal addresses in headers of outgoing mail", {"R36", "R21"},
		{"T1590"},
		"Mail goes to the Internet in clear and its header names addresses of "
		"internal zones. The sensor records only how many, and none of the "
		"text.",
		"Let the outbound server remove or rewrite Received and similar "
		"headers of the inside.",
		"Addresses of a partner's zone in mail that is forwarded for him."},
	[FINDING_AUTHENTICATION_MISSING] = {"authentication.missing", SEVERITY_LOW,
		3700029, 1, "Mail without traces of SPF, DKIM or DMARC",
		{"SPF", "DKIM", "DMARC"}, {"T1684.002"},
		"On a clear hop behind the inbound server the header has no "
		"Authentication-Results, or on a clear hop to the Internet it has no "
		"DKIM-Signature. The sensor does not count messages of the null "
		"sender. Where `expects` of the matrix names such fields of the "
		"server's group, every message that it hands on must have them.",
		"Check the filter on the inbound server (SPF, DKIM, DMARC) and the "
		"signer on the outbound one.",
		"Mail that nobody signs on purpose; a filter that writes its result "
		"under another name."},
	[FINDING_SENDER_MX_LOOKUP] = {"sender.mx-lookup", SEVERITY_LOW, 3700030, 1,
		"Query for mail servers by a host that is none", {"R37"}, {"T1071.003"},
		"A host that is no mail server asks DNS for MX records, for SRV of "
		"mail's services, or for names of SPF, DKIM, DMARC, MTA-STS or DANE. "
		"Software that means to deliver mail without a relay does that first.",
		"Find the program. Let only mail servers and resolvers ask for MX; "
		"declare resolvers (role resolver).",
		"Address validation in web forms; monitoring; an administrator's dig; "
		"a mail program that is set up for an account elsewhere."},
	[FINDING_TLS_CERTIFICATE_CHANGING] = {"tls.certificate-changing",
		SEVERITY_MEDIUM, 3700031, 1,
		"Server certificate changes between clients", {"R42"}, {"T1557"},
		"One server and port showed different certificates to different "
		"clients in turn, going back and forth. Somebody may answer in its "
		"place on one of the paths. The sensor sees this up to TLS 1.2 only.",
		"Compare the fingerprints (`mailwarden servers`) with the server's own "
		"certificates.",
		"A load balancer in front of servers with certificates of their own; "
		"RSA and ECDSA certificates side by side."},
	[FINDING_EVASION_AMBIGUOUS] = {"evasion.ambiguous", SEVERITY_HIGH, 3700040, 1,
		"Bytes that may be read in two ways", {"R37"}, {"T1001"},
		"One end sent bytes that the other may have taken, or not, or in "
		"another version: segments that cannot arrive (few hops left, a wrong "
		"checksum, no acknowledgement, data in a SYN that was refused), two "
		"versions of a segment or of a fragment, an urgent byte. Or a client "
		"spoke ahead of its server in another protocol (an early talker), and "
		"mail followed. Or it sent so many short lines at once that the "
		"sensor does not read all of them. Honest software does none of this. "
		"It shows a sensor something else than the server reads. The alert "
		"names the kind and both readings.",
		"Look at the sender: find the program that made these packets. Judge "
		"the flow by what the server answered, not by what the client seems "
		"to have said.",
		"A broken network card or middlebox that changes bytes on the way."},
	[FINDING_TUNNEL_MAIL] = {"tunnel.mail", SEVERITY_MEDIUM, 3700034, 1,
		"Mail inside a tunnel that is not declared", {"R37"}, {"T1572"},
		"Packets carry mail inside an encapsulation (GRE, VXLAN, IP in IP "
		"...) between two hosts that no entry of `tunnels` names. Whoever can "
		"send a datagram can write what is inside. So the alert names the "
		"ends of the outer packet; its detail has the ends that the inside "
		"claims. The sensor finds, learns and blocks nothing else there. It "
		"folds alerts by outer sender.",
		"Find out what tunnel this is. Declare one of the site's own (a "
		"mirror's transport, an overlay) under `tunnels`: the sensor then "
		"judges what is inside. Block any other and examine its sender.",
		"A mirror port that reaches the sensor by ERSPAN or VXLAN, and was not "
		"declared."},
	[FINDING_SMTP_SMUGGLING] = {"smtp.smuggling", SEVERITY_HIGH, 3700033, 1,
		"Commands hidden behind an odd end of data", {"R36"}, {"T1684.002"},
		"The text of a message holds a dot on a line that LF or CR alone "
		"make, and SMTP commands behind it (CVE-2023-51764). A server that "
		"takes the dot for the end of data takes the commands for another "
		"message, in the name and with the marks of the server that passes "
		"them on. The detail says what this server did, or that all came in "
		"one "
		"burst with the envelope.",
		"Have both servers refuse bare LF and CR (Postfix: "
		"smtpd_forbid_bare_newline), and look for what was hidden.",
		"A letter that quotes an SMTP dialogue in lines without CR."},
	[FINDING_SENDER_OWN_DOMAIN_OUTSIDE] = {"sender.own-domain-outside",
		SEVERITY_HIGH, 3700041, 1, "Mail of an own domain from a strange host",
		{"SPF", "DMARC"}, {"T1684.002"},
		"The inbound server took a message from the Internet whose MAIL FROM "
		"names a domain that `domains` of the matrix declares as ours, or one "
		"below it. No row and no entry of `domains` knows the host that sent "
		"it. The sensor sees this where the message crosses in clear and the "
		"server answered that it took it. It does not report what the server "
		"refused. Of the sender and of the header's From it keeps only the "
		"domain.",
		"Find out who that is. If a provider sends for you, add it to "
		"`senders` of the domain. If it passes mail on, add it to "
		"`forwarders`. Otherwise the message is forged: let the inbound "
		"server refuse what SPF and DMARC fail, your own domains first.",
		"A newsletter or ticket service that nobody declared; a mailbox "
		"elsewhere that passes mail on with its sender as it was."},
	[FINDING_SENDER_FOREIGN_DOMAIN_OUT] = {"sender.foreign-domain-out",
		SEVERITY_MEDIUM, 3700042, 1, "Mail of a foreign domain sent out",
		{"R36", "SPF"}, {"T1684.002"},
		"An outbound server handed a host of the Internet a message whose "
		"MAIL FROM names a domain that `domains` of the matrix does not "
		"declare. The null sender (bounces) does not count. Lists and "
		"forwarders that rewrite the sender (VERP, SRS) put a domain of ours "
		"there. The sensor keeps only the domain.",
		"Find out who handed it in: an open relay, an account that was taken "
		"over, or mail that somebody passes on with its sender as it was. "
		"Rewrite that sender (SRS), or declare the domain with `own: no`, or "
		"the server among `forwarders`.",
		"Users who have their mail passed on to an address elsewhere; a domain "
		"of ours that nobody declared."},
	[FINDING_CONTENT_UNCHECKED] = {"content.unchecked", SEVERITY_LOW, 3700043, 1,
		"Mail without traces of the content checks", {"R36"}, {"T1566"},
		"A server of a group that `expects` of the matrix names handed on a "
		"message in clear. Its header lacks the field that the content checks "
		"(antivirus, antispam) leave there. The sensor does not count "
		"messages of the null sender. It does not read whether a check found "
		"something. A missing field is certain; a field that is there may be "
		"the sender's doing.",
		"Check that the filter runs and sees every message. Check whether it "
		"skips some (a list of exceptions, a size), and whether it fails open.",
		"Mail that the filter skips on purpose; a filter that has written its "
		"field under another name since an update."},
	[FINDING_SENDER_LISTED] = {"sender.listed", SEVERITY_HIGH, 3700045, 1,
		"End of a mail flow stands on a list", {"R37"}, {"T1071.003"},
		"The client, the server or the domain of MAIL FROM stands on a list "
		"of kind `deny` or `temporary` that the matrix declares, and on none "
		"of kind `allow`. The alert has the severity of the list. The detail "
		"says which end, entry and list, since and until when, and why. A "
		"domain is what the client says.",
		"Look at the entry (`mailwarden list lookup`). Put an end that is "
		"wrongly listed onto a list of kind `allow`. Inline, `--action "
		"sender.listed=refuse` turns listed senders away.",
		"An address that somebody else has by now; a feed of wide prefixes."},
	[FINDING_SENSOR_PACKET_LOSS] = {"sensor.packet-loss", SEVERITY_MEDIUM, 3700101,
		1, "The sensor loses packets", {NULL}, {NULL},
		"The kernel dropped packets before the sensor could read them. The "
		"sensor may miss flows or show them with gaps.",
		"Give the sensor a larger ring or another worker, or mirror less "
		"traffic to it.",
		"A short burst while the machine starts."},
	[FINDING_SENSOR_WORKER_RESTARTED] = {"sensor.worker-restarted", SEVERITY_HIGH,
		3700102, 1, "Process of the sensor ended and was restarted", {NULL},
		{NULL},
		"A worker or the reporter died or no longer answered, and the "
		"supervisor restarted it. Traffic passed meanwhile. The sensor forgot "
		"the flows under way.",
		"Keep the log lines around it and report them; look for memory limits "
		"that are too tight.",
		"Somebody ended the process by hand."},
	[FINDING_SENSOR_OUTPUT_DOWN] = {"sensor.output-down", SEVERITY_HIGH, 3700103, 1,
		"Output of the sensor takes no records", {NULL}, {NULL},
		"Records wait in the journal because an output cannot reach its "
		"receiver, or the sensor cannot write the journal itself.",
		"Bring the receiver back, or make room on the disk. The journal loses "
		"nothing meanwhile.",
		"Maintenance of the receiver."},
	[FINDING_SENSOR_JOURNAL_BOUND] = {"sensor.journal-bound", SEVERITY_HIGH,
		3700104, 1, "Journal reached its bound and dropped records", {NULL},
		{NULL},
		"The journal may not grow further, and the sensor dropped its oldest "
		"records before every output had them. Or another program removed or "
		"changed the file that the sensor wrote to. Or the sensor ended while "
		"its journal took nothing. The alert says which and how many.",
		"Bring the output back and give the journal more room. Rotate no file "
		"of the journal, and leave eve.json out of logrotate.",
		"None: records are gone."},
	[FINDING_SENSOR_QUEUE_SILENT] = {"sensor.queue-silent", SEVERITY_HIGH, 3700105,
		1, "Nothing arrives where packets are expected", {NULL}, {NULL},
		"A queue, or all interfaces together, gave no packet for longer than "
		"`silence` allows. Or, whatever `silence` says, an interface has been "
		"down for "
		"a minute or the sensor could not open it for a minute.",
		"Check the mirror port, the interface, or the firewall rules that feed "
		"the queue.",
		"A quiet site at night: set a longer `silence`. An interface that you "
		"took down to work on it."},
	[FINDING_SENSOR_RELOAD_FAILED] = {"sensor.reload-failed", SEVERITY_MEDIUM,
		3700106, 1, "New matrix rejected; the old one stays", {NULL}, {NULL},
		"The sensor reloaded its files on request and found an error in them. "
		"It continues with what it had.",
		"Run `mailwarden check` on the files, correct them, and reload again.",
		"None."},
	[FINDING_SENSOR_CUT_OFF] = {"sensor.cut-off", SEVERITY_HIGH, 3700107, 1,
		"Sensor ended without an order to stop", {NULL}, {NULL},
		"The supervisor was killed or crashed, or the machine stopped. "
		"Nothing is watched until the sensor runs again. What is left of the "
		"sensor alerts at once, where it can. Otherwise the next start alerts "
		"and says for how long nothing worked.",
		"Find out who or what ended it: the kernel's memory limits, the log "
		"of the service manager, a person who does not want to be watched.",
		"A power cut; a hard reset of a virtual machine."},
	[FINDING_SENSOR_ALERTS_HELD] = {"sensor.alerts-held", SEVERITY_MEDIUM, 3700108,
		1, "Alerts or records held back above the rate", {NULL}, {NULL},
		"In one minute there were more alerts of one finding than "
		"`alert-rate` allows, or more `mail` events of one sender than "
		"`record-rate` does. The alert says how many the sensor held back, "
		"and of which finding or sender. An alert that it held back has its "
		"`mail` event all the same.",
		"Look for the cause: a scan, a broken program, or a matrix that lacks "
		"a row for much of the traffic. Read the `mail` events of that time.",
		"A first start with a matrix that is far from complete."},
	[FINDING_SENSOR_BLIND] = {"sensor.blind", SEVERITY_MEDIUM, 3700109, 1,
		"Much of the traffic cannot be looked into", {NULL}, {NULL},
		"A share of the frames or of their bytes above `blind-share` is "
		"inside something that may hold mail and that the sensor does not "
		"follow: IPsec or MACsec, an EtherType or a protocol of IP that it "
		"does not know, GRE or PPP of a form it does not read, too many "
		"headers in each other. Or a capture or a mirror cuts the frames "
		"short (`cut`), or they are of a link type that the sensor does not "
		"read. The alert says how many frames of which kind. The sensor "
		"neither sees nor judges mail in them.",
		"Mirror the traffic where it is in clear: in front of the encryption, "
		"or from a port whose switch adds no tags of its own. Capture and "
		"mirror whole frames.",
		"A link that carries the tunnels of another network on purpose: raise "
		"`blind-share`."},
	[FINDING_SENSOR_BANNED] = {"sensor.banned", SEVERITY_MEDIUM, 3700110, 1,
		"A blocked sender is kept out", {NULL}, {NULL},
		"Inline, with `ban`: the sensor blocked a flow and keeps its sender "
		"out of mail ports for some time. The alert says who, for which flow, "
		"and until when. The sensor records each connection that it refuses "
		"meanwhile as an attempt with the evidence `banned`.",
		"Look at the alert of the flow. `mailwarden unban ADDRESS` lets the "
		"sender in again; a row of the matrix keeps it from being banned.",
		"A host whose row is missing from the matrix."},
	[FINDING_SENSOR_TABLE_FULL] = {"sensor.table-full", SEVERITY_MEDIUM, 3700111, 1,
		"Flows have no room to be looked at", {NULL}, {NULL},
		"More flows are open than `table` has room for. The sensor gave up "
		"some before they had shown what they are: first those that nobody "
		"answered, then those of whoever has most. It judges them by what "
		"they had shown. Inline such a flow does not pass: it waits in the "
		"queue, and the sensor picks it up again at its next bytes.",
		"Find out who opens so many connections: `status` shows the flows of "
		"each worker. Raise `table` where they are the site's own.",
		"A scan, or a busy hour of a site whose table is small."},
	[FINDING_SENSOR_FAMILY_UNSEEN] = {"sensor.family-unseen", SEVERITY_MEDIUM,
		3700112, 1, "IPv4 or IPv6 passes beside the queue", {NULL}, {NULL},
		"Inline: for `family-silence` no packet of IPv4, or none of IPv6, "
		"came to a queue, while the kernel forwarded 100 or more of them. "
		"Usually one half of the exported rules is missing, because iptables "
		"and ip6tables load their rules separately. The sensor neither sees "
		"nor blocks mail of that family. The alert says which; the log says "
		"when they come again.",
		"Load the rules of both, `iptables-restore` and `ip6tables-restore`. "
		"Check that the other half survives a restart of the machine.",
		"A family of which only what is not queued passes, such as ping and "
		"time, or one long connection that was decided: raise "
		"`family-silence`."},
	[FINDING_SENSOR_ROW_EXPIRING] = {"sensor.row-expiring", SEVERITY_MEDIUM,
		3700113, 1, "Rows of the matrix expire", {NULL}, {NULL},
		"A row of the matrix in use has `expires`, and its end is 30, 7 or 1 "
		"days ahead, or was reached. Inline, the same holds for the end of "
		"its `grace`. The sensor alerts once for each of these, over restarts "
		"too. Rows that come to it together are one alert, which names the "
		"first to end. After its last day (UTC) a row allows nothing: its "
		"flows are illegitimate. The same alert announces that a row or a "
		"group no longer accepts a finding (`until`). After that day the "
		"finding raises alerts again.",
		"Ask the row's owner whether the site still needs it. Give it another "
		"date or take it out. Run `mailwarden check` on the matrix, and "
		"reload.",
		"A row that is meant to end."},
	[FINDING_SENSOR_OUTPUT_FORGETS] = {"sensor.output-forgets", SEVERITY_MEDIUM,
		3700114, 1, "Receiver of an output may drop what it was given", {NULL},
		{NULL},
		"The Redis of an output has another `maxmemory-policy` than "
		"`noeviction`: when its memory is full it drops keys, and the counts "
		"in them. Or it did so, or somebody deleted them. The output counts "
		"nothing twice for that, but the counters lack what was lost. The "
		"alert says which.",
		"Set `maxmemory-policy noeviction`, or give the sensors a Redis of "
		"their own. docs/outputs.md says how much memory they take.",
		"Counters that somebody deleted to start from zero."},
	[FINDING_SENSOR_LIST_FAILED] = {"sensor.list-failed", SEVERITY_MEDIUM, 3700120,
		1, "List not taken over; its old entries stay", {NULL}, {NULL},
		"The sensor cannot read the file of a list, or the file is empty, is "
		"broken, or holds less than half of what it held. The alert says "
		"which list, and why.",
		"Look at the file and at who writes it. `shrinks: yes` in the matrix "
		"lets a list become short or empty. A restart accepts any.",
		"A list that was cleaned up."},
	[FINDING_AUDIT_RELAY_UNDECLARED] = {"audit.relay-undeclared", SEVERITY_HIGH,
		3700201, 1, "Undeclared host sends as an own domain",
		{"R37", "SPF", "DMARC"}, {NULL},
		"DMARC reports name a source whose mail passed SPF for a domain of "
		"the site: what the domain publishes lets it send. No row of the "
		"matrix lets it send to the Internet, and it is no outbound server. "
		"`mailwarden dmarc` knows this from reports alone: whoever may send "
		"mail may write one.",
		"Find out who it is: a bought service, a web server, an old relay. "
		"Declare it, or take it out of the domain's SPF.",
		"A server behind another address than the one the matrix declares "
		"(NAT); a forwarder that rewrites the sender into the domain."},
	[FINDING_AUDIT_SIGNER_UNDECLARED] = {"audit.signer-undeclared", SEVERITY_MEDIUM,
		3700202, 1, "Mail signed as an own domain comes from elsewhere",
		{"R37", "DKIM", "DMARC"}, {NULL},
		"DMARC reports name a source whose mail bears a valid signature of "
		"the domain. It never passed SPF for the domain, and nobody declares "
		"it. It has a key of the domain, or it forwards what the domain "
		"signed. A source is left out where receivers say of all its mail "
		"that somebody forwarded it.",
		"Name the source. Give a forwarder with `--forwarder`. Declare a "
		"service that signs, and publish it in SPF. Otherwise revoke the key.",
		"Forwarding by members of a university, alumni addresses, mailing "
		"lists that leave messages as they are."},
	[FINDING_AUDIT_TLS_FAILING] = {"audit.tls-failing", SEVERITY_MEDIUM, 3700203, 1,
		"Senders report that TLS towards the site fails", {"R42"}, {NULL},
		"TLS reports (RFC 8460) say that one session in a hundred or more "
		"failed that was to reach a domain of the site. `mailwarden dmarc` "
		"counts by kind of policy (MTA-STS, DANE or none), and lists the "
		"kinds of failure and the servers.",
		"Look at the kinds of failure: a certificate that ended or names "
		"another host, TLSA records behind a new certificate, a policy that "
		"names other servers, STARTTLS that is gone on the way.",
		"A sender whose own network strips STARTTLS; few sessions in all."},
};

const struct finding_row *finding_row(enum finding finding)
{
	assert(finding < FINDING_COUNT);
	return finding < FINDING_AUDIT_ASKED ? &ROWS[finding]
					     : catalogue_audit_row(finding);
}
