#include "fixture.h"

#include <stdio.h>

/* A conversation and its right name, whole and byte by byte. */
struct example {
	enum protocol protocol;
	struct turn turns[6];
};

static const struct example EXAMPLES[] = {
	{PROTOCOL_SMTP, {{SERVER, "220 mail.example.org ready\r\n", 0},
				{CLIENT, "EHLO client.example.org\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220-mail.example.org\r\n220 \r\n", 0},
				{CLIENT, "helo client\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "EHLO early.example.org\r\n", 0},
				{SERVER, "220 mail.example.org\r\n250 ok\r\n", 0}}},
	{PROTOCOL_SMTP,
		{{CLIENT, "MAIL FROM:<>\r\n", 0}, {SERVER, "250 2.1.0 Ok\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "RCPT TO:<x@example.org>\r\n", 0},
				{SERVER, "550 no\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 mail.example.org ESMTP\r\n", 0},
				{CLIENT, "QUIT\r\n", 0}}},
	{PROTOCOL_SMTP,
		{{SERVER, "220 mail.example.org ESMTP a greeting without an end", 0}}},
	{PROTOCOL_SMTP,
		{{SERVER, "220 x\r\n250-x\r\n250-SIZE 1000\r\n250 DSN\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "554 mail.example.org ESMTP not for you\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "250 2.1.0 Ok\r\n354 go on\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "EHLO x\r\nMAIL FROM:<a@example.org>\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "HELO x\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "AUTH PLAIN AHgAeA==\r\n", 0},
				{SERVER, "235 2.7.0 ok\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "QUIT\r\n", 0}, {SERVER, "221 2.0.0 Bye\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 ********\r\n", 0}, {CLIENT, "EHLO x\r\n", 0},
				{SERVER, "250-x\r\n250 XXXXXXXA\r\n", 0}}},
	{PROTOCOL_LMTP, {{SERVER, "220 store.example.org\r\n", 0},
				{CLIENT, "LHLO relay.example.org\r\n", 0}}},
	{PROTOCOL_LMTP, {{CLIENT, "LHLO relay.example.org\r\n", 0}}},
	{PROTOCOL_LMTP, {{SERVER, "220 store.example.org LMTP ready\r\n", 0}}},
	{PROTOCOL_IMAP, {{SERVER, "* OK ready\r\n", 0}, {CLIENT, "a1 LOGOUT\r\n", 0}}},
	{PROTOCOL_IMAP, {{SERVER, "* PREAUTH ready\r\n", 0}}},
	{PROTOCOL_IMAP, {{SERVER, "* BYE busy\r\n", 0}}},
	{PROTOCOL_IMAP,
		{{CLIENT, "$x[1] NOOP\r\n", 0}, {SERVER, "$x[1] OK done\r\n", 0}}},
	{PROTOCOL_IMAP, {{CLIENT, "x FETCH 1 (FLAGS)\r\n", 0},
				{SERVER, "* 1 FETCH (FLAGS ())\r\n", 0}}},
	{PROTOCOL_IMAP, {{CLIENT, "a SELECT INBOX\r\na FETCH 1:* FLAGS\r\n", 0}}},
	{PROTOCOL_IMAP, {{SERVER, "* 3 EXISTS\r\na OK done\r\n", 0}}},
	{PROTOCOL_POP3, {{SERVER, "+OK ready\r\n", 0}, {CLIENT, "USER x\r\n", 0}}},
	{PROTOCOL_POP3, {{SERVER, "+OK\r\n", 0}, {CLIENT, "QUIT\r\n", 0}}},
	{PROTOCOL_POP3, {{SERVER, "+OK <1.2@example.org>\r\n", 0}}},
	{PROTOCOL_POP3, {{CLIENT, "RETR 1\r\n", 0}, {SERVER, "+OK 120 octets\r\n", 0}}},
	{PROTOCOL_POP3, {{CLIENT, "STAT\r\n", 0}, {SERVER, "+OK 0 0\r\n", 0}}},
	{PROTOCOL_POP3,
		{{SERVER, "+OK\r\n", 0}, {CLIENT, "CAPA\r\n", 0},
			{SERVER, "+OK\r\nSTLS\r\n.\r\n", 0}, {CLIENT, "STLS\r\n", 0}}},
	{PROTOCOL_SIEVE, {{SERVER, "\"IMPLEMENTATION\" \"example\"\r\n", 0}}},
	{PROTOCOL_SIEVE, {{CLIENT, "LISTSCRIPTS\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 ready\r\n", 0}, {CLIENT, "USER x\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 FTP server\r\n", 0}, {CLIENT, "AUTH TLS\r\n", 0},
			       {SERVER, "234 go\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 FTP server\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 smtp.example.org FTP server ready\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 x.example.org FTP (SMTP gateway)\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 ftp.example.org ESMTP\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 smtp.example.org ready\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 x.example.org ESMTP, FTP too\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 ESMTP gateway, FTP too\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 SMTP-GW01 FTP server ready.\r\n", 0},
			       {CLIENT, "NOOP\r\n", 0}, {SERVER, "200 ok\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 x ESMTP\r\n", 0}, {CLIENT, "USER x\r\n", 0},
				{SERVER, "500 what\r\n", 0}}},
	{PROTOCOL_FTP, {{CLIENT, "PASS x\r\n", 0}, {SERVER, "230 in\r\n", 0}}},
	{PROTOCOL_NNTP, {{SERVER, "200 news.example.org\r\n", 0},
				{CLIENT, "MODE READER\r\n", 0}}},
	{PROTOCOL_IRC, {{CLIENT, "NICK x\r\nUSER a b c :d\r\n", 0},
			       {SERVER, ":irc.example.org 001 x :hello\r\n", 0}}},
	{PROTOCOL_SSH, {{SERVER, "SSH-2.0-OpenSSH_9.2\r\n", 0}}},
	{PROTOCOL_REDIS,
		{{CLIENT, "*1\r\n$4\r\nPING\r\n", 0}, {SERVER, "+PONG\r\n", 0}}},
	{PROTOCOL_REDIS, {{CLIENT, "SET a b\r\n", 0}, {SERVER, "+OK\r\n", 0}}},
	{PROTOCOL_REDIS, {{CLIENT, "STAT\r\n", 0},
				 {SERVER, "-ERR unknown command 'STAT'\r\n", 0}}},
	{PROTOCOL_MEMCACHED, {{CLIENT, "get key\r\n", 0},
				     {SERVER, "VALUE key 0 1\r\nx\r\nEND\r\n", 0}}},
	{PROTOCOL_FINGER, {{CLIENT, "root\r\n", 0},
				  {SERVER, "Login: root      Name: root\r\n", 0}}},
	{PROTOCOL_GOPHER,
		{{CLIENT, "\r\n", 0},
			{SERVER, "1Menu\t/menu\tgopher.example.org\t70\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", 0}}},
	{PROTOCOL_HTTP, {{SERVER, "HTTP/1.1 200 OK\r\n\r\n", 0}}},
	{PROTOCOL_OUTLOOK_ANYWHERE,
		{{CLIENT, "RPC_IN_DATA /rpc/rpcproxy.dll?x:6001 HTTP/1.1\r\n", 0}}},
	{PROTOCOL_OUTLOOK_ANYWHERE,
		{{CLIENT,
			"RPC_OUT_DATA "
			"/RpcWithCert/RpcProxy.dll?0a1b2c3d-0000-1111-2222-"
			"333344445555@example.org:6004 HTTP/1.1\r\n",
			0}}},
	{PROTOCOL_HTTP,
		{{CLIENT, "RPC_IN_DATA /rpc/rpcproxy.dll?localhost:3388 HTTP/1.1\r\n",
			0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /rpc/rpcproxy.dll?x:6001 HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /EWS/Exchange.asmx HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /Microsoft-Server-ActiveSync HTTP/1.1\r\n", 0}}},
	{PROTOCOL_MAPI_HTTP,
		{{CLIENT, "POST /mapi/emsmdb/?MailboxId=x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_MAPI_HTTP, {{CLIENT, "POST /MAPI/nspi/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_MAPI_HTTP,
		{{CLIENT, "POST /mapi/emsmdb?MailboxId=x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /mapi/emsmdbs HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /mapi/emsmdb/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /mapi/other/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EAS,
		{{CLIENT, "OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EAS,
		{{CLIENT,
			"POST "
			"http://mail.example.org/microsoft-server-activesync?Cmd=Ping "
			"HTTP/1.1\r\n",
			0}}},
	{PROTOCOL_HTTP,
		{{CLIENT, "POST /Microsoft-Server-ActiveSyncs HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EWS, {{CLIENT, "POST /EWS/Exchange.asmx HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /ewsletter HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EXCHANGE_HTTPS,
		{{CLIENT, "GET /owa/auth/logon.aspx HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EXCHANGE_HTTPS,
		{{CLIENT, "POST /Autodiscover/Autodiscover.xml HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /owasp/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /owa/log.php?site=1 HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /owa/modules/base/js/x.js HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /owa/track?site=1 HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /owa/reports/day HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EXCHANGE_HTTPS, {{CLIENT, "GET /owa/?x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EXCHANGE_HTTPS,
		{{CLIENT, "GET /owa/a@mail.example/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EXCHANGE_HTTPS, {{CLIENT, "GET /owa/mail.example HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /ecp/a.jsp?x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EWS, {{CLIENT, "POST /ews/x.php HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EWS, {{CLIENT, "POST /%2545ws/x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EWS, {{CLIENT, "POST /%45w%53/x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EWS, {{CLIENT, "POST //x/./y/..//../EWS\\x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_EWS, {{CLIENT, "POST /%2e%2e/%2E/ews/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /ews/../x HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /%4/ews/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /%3lWS/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "POST /x?/../ews/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_HTTP, {{CLIENT, "GET /shop/owa/ HTTP/1.1\r\n", 0}}},
	{PROTOCOL_OTHER, {{CLIENT, "OPTIONS rtsp://example.org/x RTSP/1.0\r\n", 0}}},
	{PROTOCOL_OTHER, {{CLIENT, "\xff\xfd\x01\xff\xfd\x1f", 6}}},
	{PROTOCOL_OTHER, {{CLIENT, "{\"id\": 1}\n", 0}}},
	{PROTOCOL_OTHER, {{SERVER, "J\0\0\0\n5.5.5\0", 11}}},
	/* never mail: services that greet or are asked as mail servers are */
	{PROTOCOL_UNKNOWN, {{SERVER, "220 smtp.example.org SNPP Gateway Ready\r\n", 0},
				   {CLIENT, "PAGE 5551212\r\nDATA\r\n", 0},
				   {SERVER, "250 ok\r\n354 go on\r\n", 0}}},
	{PROTOCOL_UNKNOWN, {{SERVER, "220 Gateway Ready\r\n", 0},
				   {CLIENT, "PAGE 5551212\r\nDATA\r\n", 0},
				   {SERVER, "250 ok\r\n354 go on\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "220 tv SVDRP VideoDiskRecorder 2.4\r\n", 0},
			{CLIENT, "PUTE\r\n", 0}, {SERVER, "354 go on\r\n", 0},
			{CLIENT, "C 1\r\n.\r\n", 0},
			{SERVER, "250 EPG data processed\r\n", 0}}},
	{PROTOCOL_SMTP,
		{{SERVER, "220 x.example.org SNPP\r\n", 0}, {CLIENT, "EHLO x\r\n", 0}}},
	{PROTOCOL_UNKNOWN, {{SERVER, "220 smtp.example.org dictd 1.12 <a@b>\r\n", 0},
				   {CLIENT, "HELP\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "200 RAP 1 x radmind\r\n", 0}, {CLIENT, "STARTTLS\r\n", 0},
			{SERVER, "220 go\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "* ACAP (IMPLEMENTATION \"x\")\r\n", 0},
			{CLIENT, "a NOOP\r\n", 0}, {SERVER, "a OK \"done\"\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "* AUTH \"PLAIN\"\r\n* OK MUPDATE \"x\" \"y\"\r\n", 0},
			{CLIENT, "a AUTHENTICATE \"PLAIN\"\r\n", 0},
			{SERVER, "a OK in\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "* OK x.example.org Cyrus sync server v2.4\r\n", 0},
			{CLIENT, "NOOP\r\n", 0}, {SERVER, "OK done\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "* OK Cyrus IMSP version 1.8\r\n", 0},
			{CLIENT, "a NOOP\r\n", 0}, {SERVER, "a OK done\r\n", 0}}},
	{PROTOCOL_UNKNOWN, {{CLIENT, "PROTOCOLINFO 1\r\n", 0},
				   {SERVER,
					   "250-PROTOCOLINFO 1\r\n250-AUTH "
					   "METHODS=NULL\r\n250 OK\r\n",
					   0},
				   {CLIENT, "QUIT\r\n", 0},
				   {SERVER, "250 closing connection\r\n", 0}}},
	{PROTOCOL_IMAP, {{SERVER, "* OK mupdate.example.org ready\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{SERVER, "WELCOME to the game\r\n", 0}, {CLIENT, "HELO ann\r\n", 0},
			{SERVER, "2 ok ann\r\n", 0}}},
	/* never mail: the evidence is one shared word */
	{PROTOCOL_UNKNOWN, {{SERVER, "220 ready\r\n", 0}}},
	{PROTOCOL_UNKNOWN, {{SERVER, "220 ready\r\n", 0}, {CLIENT, "QUIT\r\n", 0},
				   {SERVER, "221 bye\r\n", 0}}},
	{PROTOCOL_UNKNOWN, {{CLIENT, "EXPN x\r\n", 0}, {SERVER, "hello there\r\n", 0}}},
	{PROTOCOL_POP3,
		{{CLIENT, "USER x\r\nPASS y\r\nSTAT\r\nRETR 1\r\nQUIT\r\n", 0}}},
	{PROTOCOL_POP3, {{CLIENT, "CAPA\r\nSTLS\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "EHLO x\r\nSTARTTLS\r\n", 0}}},
	{PROTOCOL_SMTP, {{SERVER, "220 x\r\n250 x\r\n250 ok\r\n354 go\r\n", 0}}},
	{PROTOCOL_FTP, {{SERVER, "220 x\r\n331 name ok\r\n", 0}}},
	{PROTOCOL_UNKNOWN, {{CLIENT, "USER x\r\nPASS y\r\nPASV\r\nLIST\r\n", 0}}},
	{PROTOCOL_UNKNOWN,
		{{CLIENT, "some file\nEHLO x\nMAIL FROM:<>\nRCPT TO:<x>\n", 0}}},
	{PROTOCOL_UNKNOWN, {{CLIENT, "USER x\r\nPASS y\r\n", 0}}},
};

/* The client speaks before its server: what that one says first decides. */
static const struct example EARLY[] = {
	{PROTOCOL_SMTP,
		{{CLIENT, "POST /x HTTP/1.1\r\n\r\nEHLO x\r\nMAIL FROM:<>\r\n", 0},
			{SERVER, "220 odd\r\n", 0}}},
	{PROTOCOL_HTTP,
		{{CLIENT, "POST /x HTTP/1.1\r\n\r\nEHLO x\r\nMAIL FROM:<>\r\n", 0},
			{SERVER, "HTTP/1.1 200 OK\r\n\r\n", 0}}},
	{PROTOCOL_SMTP,
		{{CLIENT, "OPTIONS * RTSP/1.0\r\n\r\n", 0}, {SERVER, "220 x\r\n", 0},
			{SERVER, "502 no\r\n", 0}, {CLIENT, "EHLO x\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "*1\r\n$4\r\nPING\r\n", 0}, {SERVER, "220 x\r\n", 0},
				{CLIENT, "EHLO x\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "GROUP a.b\r\n", 0}, {SERVER, "220 x\r\n", 0},
				{CLIENT, "EHLO x\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "\0\0{", 3}, {SERVER, "220 x\r\n", 0},
				{SERVER, "250-x\r\n250 SIZE\r\n", 0}}},
	{PROTOCOL_SMTP, {{CLIENT, "{\"id\": 1}\n", 0}, {SERVER, "220 x\r\n", 0},
				{SERVER, "500 no\r\n", 0}, {CLIENT, "EHLO x\r\n", 0}}},
	{PROTOCOL_POP3,
		{{CLIENT, "GET / HTTP/1.0\r\n", 0}, {SERVER, "+OK hello\r\n", 0},
			{CLIENT, "USER x\r\n", 0}}},
	{PROTOCOL_IMAP,
		{{CLIENT, "GET / HTTP/1.0\r\n", 0}, {SERVER, "* OK hello\r\n", 0}}},
	{PROTOCOL_REDIS, {{CLIENT, "*1\r\n$4\r\nSAVE\r\n", 0}, {SERVER, "+OK\r\n", 0}}},
	{PROTOCOL_OTHER, {{CLIENT, "{\"id\": 1}\n", 0}, {SERVER, "welcome\r\n", 0}}},
};

static size_t turn_count(const struct example *example)
{
	size_t count = 0;
	while (count < COUNT(example->turns) && example->turns[count].bytes) {
		count++;
	}
	return count;
}

static void each_conversation_has_its_name_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(EXAMPLES); i++) {
		struct talk talk;
		print_message("%s\n", EXAMPLES[i].turns[0].bytes);
		assert_talk(&talk, EXAMPLES[i].turns, turn_count(&EXAMPLES[i]),
			EXAMPLES[i].protocol);
	}
}

static void what_a_client_says_early_is_an_opinion(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(EARLY); i++) {
		struct talk talk;
		assert_talk(&talk, EARLY[i].turns, turn_count(&EARLY[i]),
			EARLY[i].protocol);
	}
}

/* The flow layer may have guessed the roles wrong: the bytes say who is who. */
static void the_bytes_tell_who_is_the_client(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(EXAMPLES); i++) {
		struct talk talk;
		const enum protocol protocol = EXAMPLES[i].protocol;
		if (protocol > PROTOCOL_MAIL_LAST || protocol == PROTOCOL_UNKNOWN) {
			continue;
		}
		talk_begin(&talk, 4242);
		talk.hint.client_side = SERVER;
		talk.hint.is_client_known = false;
		assert_int_equal(
			talk_all(&talk, EXAMPLES[i].turns, turn_count(&EXAMPLES[i]), 0),
			protocol);
		assert_true(talk.result.client_side_is_sure);
		assert_int_equal(talk.result.client_side, CLIENT);
		assert_non_null(talk.result.evidence);
	}
}

static void a_220_alone_waits_until_a_verb_names_it(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 25);
	assert_int_equal(talk_text(&talk, SERVER, "220 mail.example.org ESMTP\r\n"),
		CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, CLIENT, "EHL"), CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, CLIENT, "O x"), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	assert_string_equal(talk.result.evidence, "220 greeting + ehlo");
}

/* "220 " and a control byte begin no text; whoever greets so and then speaks SMTP does. */
static void a_control_byte_in_a_greeting_hides_no_dialogue(void **state)
{
	(void)state;
	static const char *const GREETINGS[] = {
		"220 \x1b[2J ESMTP\r\n", "220 mail\x08\r\n", "220 \x01\r\n"};
	for (size_t i = 0; i < sizeof(GREETINGS) / sizeof(*GREETINGS); i++) {
		struct talk talk;
		talk_begin(&talk, 443);
		(void)talk_text(&talk, SERVER, GREETINGS[i]);
		(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
		(void)talk_text(&talk, SERVER, "250 x\r\n");
		assert_int_equal(
			talk_text(&talk, CLIENT, "MAIL FROM:<a@example.org>\r\n"),
			CLASSIFY_DECIDED);
		assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	}
	struct talk talk;
	talk_begin(&talk, 443);
	assert_int_equal(
		talk_bytes(&talk, SERVER, "x\x01\x02\x00", 4), CLASSIFY_RULED_OUT);
}

static void stray_bytes_in_front_of_a_greeting_hide_no_dialogue(void **state)
{
	(void)state;
	static const char *const STRAY[] = {
		"\xef\xbb\xbf", "\x01", "\xff\xfb\x01\xff\xfd\x03"};
	for (size_t i = 0; i < 3; i++) {
		struct talk talk;
		char greeting[32];
		(void)snprintf(greeting, sizeof(greeting), "%s220 x\r\n", STRAY[i]);
		talk_begin(&talk, 443);
		(void)talk_text(&talk, SERVER, greeting);
		assert_int_equal(
			talk_text(&talk, CLIENT, "EHLO x\r\n"), CLASSIFY_DECIDED);
		assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	}
	struct talk talk; /* a library may send the mark by itself */
	talk_begin(&talk, 443);
	assert_int_equal(talk_text(&talk, SERVER, "\xef\xbb\xbf"), CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, SERVER, "+OK ready\r\n"), CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, CLIENT, "USER x\r\n"), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_POP3);
	talk_begin(&talk, 443); /* nearly: what follows is no greeting */
	assert_int_equal(
		talk_text(&talk, SERVER, "\xef\xbb\xbfhello\r\n"), CLASSIFY_RULED_OUT);
}

/* LMTP's replies are SMTP's: the port tells them apart until LHLO or EHLO is seen. */
static void what_lmtp_and_smtp_share_is_lmtp_on_its_port(void **state)
{
	(void)state;
	static const struct example SHARED[] = {
		{PROTOCOL_LMTP,
			{{SERVER, "220 x\r\n250-x\r\n250-DSN\r\n250 8BITMIME\r\n", 0}}},
		{PROTOCOL_LMTP,
			{{SERVER, "250 2.1.0 ok\r\n354 go on\r\n250 2.0.0 x\r\n", 0}}},
		{PROTOCOL_LMTP,
			{{CLIENT, "STARTTLS\r\n", 0}, {SERVER, "220 go\r\n", 0}}},
		{PROTOCOL_LMTP,
			{{CLIENT, "QUIT\r\n", 0}, {SERVER, "221 2.0.0 bye\r\n", 0}}},
		{PROTOCOL_SMTP, {{SERVER, "220 x\r\n", 0}, {CLIENT, "EHLO x\r\n", 0},
					{SERVER, "250-x\r\n250 DSN\r\n", 0}}},
	};
	for (size_t i = 0; i < COUNT(SHARED); i++) {
		struct talk talk;
		talk_begin(&talk, 24);
		assert_string_equal(protocol_name(talk_all(&talk, SHARED[i].turns,
					    turn_count(&SHARED[i]), 0)),
			protocol_name(SHARED[i].protocol));
		talk_begin(&talk, 25); /* nearly: another port is not its */
		assert_int_equal(
			talk_all(&talk, SHARED[i].turns, turn_count(&SHARED[i]), 0),
			PROTOCOL_SMTP);
	}
}

/* Of one direction of IMAP: a letter that is put away quotes an SMTP server. */
static void who_begins_as_a_client_plays_no_server_alone(void **state)
{
	(void)state;
#define QUOTED "220 x ESMTP\r\nEHLO y\r\n250 STARTTLS\r\n"
	struct talk talk;
	talk_begin(&talk, 143);
	(void)talk_text(&talk, CLIENT, "a LOGIN x y\r\nb APPEND INBOX {43}\r\n" QUOTED);
	(void)talk_end(&talk);
	assert_string_equal(protocol_name(talk.result.protocol), "imap");
	talk_begin(
		&talk, 143); /* nearly: who opened the connection begins as a server */
	(void)talk_text(&talk, CLIENT, QUOTED);
	(void)talk_end(&talk);
	assert_string_equal(protocol_name(talk.result.protocol), "smtp");
}

static void a_login_alone_is_pop3_s_on_its_port(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {110, 4242};
	for (size_t i = 0; i < 2; i++) {
		struct talk talk;
		talk_begin(&talk, PORTS[i]);
		(void)talk_text(&talk, CLIENT, "USER x\r\nPASS y\r\n");
		(void)talk_end(&talk);
		assert_int_equal(talk.result.protocol,
			i == 0 ? PROTOCOL_POP3 : PROTOCOL_UNKNOWN);
	}
}

/* Of POP3 heard from its server alone: what a letter quotes is no server's. */
static void who_begins_by_ok_is_a_server_of_pop3_whatever_its_letters_say(void **state)
{
	(void)state;
	static const char *const GREETINGS[] = {
		"+OK <123.456@host>\r\n", "+OK hello\r\n", "+OK\r\n"};
	static const char *const LETTERS[] = {"* 3 EXISTS\r\na1 OK done\r\n",
		"250-x\r\n250-AUTH PLAIN\r\n250 SIZE\r\n",
		"250 2.1.0 ok\r\n354 go\r\n"};
	for (size_t i = 0; i < COUNT(GREETINGS) * COUNT(LETTERS); i++) {
		struct talk talk;
		talk_begin(&talk, 4242);
		(void)talk_text(&talk, SERVER, GREETINGS[i % 3]);
		(void)talk_text(&talk, SERVER, "+OK\r\nReceived: x\r\n\r\n");
		(void)talk_text(&talk, SERVER, LETTERS[i / 3]);
		(void)talk_end(&talk);
		assert_string_equal(protocol_name(talk.result.protocol), "pop3");
	}
	/* nearly: mail is sent, whatever the greeting says */
	struct talk talk;
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, SERVER, "+OK hello\r\n");
	(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
	(void)talk_text(&talk, SERVER, "250-x\r\n250 AUTH PLAIN\r\n");
	(void)talk_end(&talk);
	assert_string_equal(protocol_name(talk.result.protocol), "smtp");
}

static void a_bare_greeting_is_pop3_s_on_its_port(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {110, 4242};
	for (size_t i = 0; i < 2; i++) {
		struct talk talk;
		talk_begin(&talk, PORTS[i]);
		(void)talk_text(&talk, SERVER, "+OK\r\n+OK\r\nReceived: x\r\n.\r\n");
		(void)talk_end(&talk);
		assert_int_equal(talk.result.protocol,
			i == 0 ? PROTOCOL_POP3 : PROTOCOL_UNKNOWN);
	}
	/* nearly: a server that answers so, and never speaks first */
	struct talk talk;
	talk_begin(&talk, 110);
	(void)talk_text(&talk, CLIENT, "x\r\n");
	(void)talk_text(&talk, SERVER, "+OK\r\n");
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_UNKNOWN);
}

static void what_no_signature_begins_with_is_out_once_its_server_has_spoken(
	void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 4242);
	assert_int_equal(talk_bytes(&talk, SERVER, "\x13", 1), CLASSIFY_RULED_OUT);
	talk_begin(&talk, 4242);
	assert_int_equal(talk_bytes(&talk, CLIENT, "\x16\x99", 2), CLASSIFY_NOT_YET);
	assert_int_equal(talk_bytes(&talk, SERVER, "ok", 2), CLASSIFY_NOT_YET);
	assert_int_equal(talk_bytes(&talk, SERVER, "ay\n", 3), CLASSIFY_RULED_OUT);
	/* on a mail port the server may still greet */
	talk_begin(&talk, 25);
	assert_int_equal(talk_bytes(&talk, CLIENT, "\x13", 1), CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, SERVER, "220 x ESMTP\r\n"), CLASSIFY_NOT_YET);
	assert_int_equal(talk_end(&talk), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

static void text_in_the_middle_of_a_message_may_begin_anyhow(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 4242);
	talk.hint.is_client_known = false;
	assert_int_equal(talk_text(&talk, CLIENT, "<p>text</p>\r\n.\r\nQUIT\r\n"),
		CLASSIFY_NOT_YET);
	assert_int_equal(
		talk_text(&talk, SERVER, "250 2.0.0 Ok\r\n"), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

/* A capture that begins inside a letter about mail: its lines are replies of nobody. */
static void replies_in_a_letter_joined_in_mid_stream_name_nothing(void **state)
{
	(void)state;
	static const char LETTER[] =
		"250-x\r\n250-SIZE 9\r\n250 OK\r\n354 go\r\n* 3 EXISTS\r\na OK x\r\n";
	struct talk talk;
	talk_begin(&talk, 143);
	talk.hint.is_client_known = false;
	(void)talk_text(&talk, SERVER, LETTER);
	(void)talk_text(&talk, CLIENT, "c LOGOUT\r\n");
	(void)talk_text(&talk, SERVER, "c OK bye\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_IMAP);
	assert_string_equal(talk.result.evidence, "imap replies");
	talk_begin(&talk, 25);
	talk.hint.is_client_known = false;
	(void)talk_text(&talk, CLIENT, LETTER);
	(void)talk_text(&talk, SERVER, "250 queued\r\n");
	(void)talk_text(&talk, CLIENT, "QUIT\r\n");
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_UNKNOWN);
	/* nearly: the server's own, where it serves */
	talk_begin(&talk, 25);
	talk.hint.is_client_known = false;
	assert_int_equal(
		talk_text(&talk, SERVER, "250-x\r\n250-SIZE 9\r\n"), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	talk_begin(&talk, 4242);
	talk.hint.is_client_known = false;
	assert_int_equal(
		talk_text(&talk, SERVER, "250-x\r\n250-SIZE 9\r\n"), CLASSIFY_NOT_YET);
	assert_int_equal(talk_end(&talk), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

/* A file that is sent as it is; letters that quote other protocols of mail. */
static void what_is_said_unasked_is_no_dialogue(void **state)
{
	(void)state;
	static const char FILE_TEXT[] =
		"a file\r\n220 x ESMTP\r\n250-x\r\n250-SIZE 9\r\n250 OK\r\n354 go\r\n"
		"+OK POP3 <1.2@x>\r\n+OK\r\nSTLS\r\n* 3 EXISTS\r\na OK x\r\n";
	for (unsigned side = 0; side < 2; side++) {
		struct talk talk;
		talk_begin(&talk, 4242);
		talk.hint.is_client_captured = true;
		talk.hint.is_server_captured = true;
		(void)talk_text(&talk, side, FILE_TEXT);
		(void)talk_end(&talk);
		assert_int_equal(talk.result.protocol, PROTOCOL_UNKNOWN);
	}
	struct talk talk; /* nearly: the client's side is not captured */
	talk_begin(&talk, 4242);
	talk.hint.is_server_captured = true;
	assert_int_equal(talk_text(&talk, SERVER, FILE_TEXT), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	static const char SIEVE[] =
		"text\r\nAUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\nLISTSCRIPTS\r\n";
	talk_begin(&talk, 25);
	talk.hint.is_client_known = false;
	(void)talk_text(&talk, CLIENT, SIEVE);
	(void)talk_text(&talk, CLIENT, SIEVE + strlen("text\r\n"));
	(void)talk_text(&talk, SERVER, "250 queued\r\n");
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_UNKNOWN);
	talk_begin(&talk, 25); /* LHLO in a letter, behind EHLO of its carrier */
	(void)talk_text(&talk, CLIENT, "EHLO x\r\nDATA\r\nLHLO y\r\n.\r\n");
	(void)talk_text(&talk, SERVER, "220 x\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

/* "HELO" is a word: where the server is heard and says nothing of mail it stays one. */
static void commands_alone_are_none_where_the_server_speaks_otherwise(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, CLIENT, "HELO world\r\n");
	(void)talk_text(&talk, SERVER, "OK 1 x\r\n");
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_UNKNOWN);
	/* but what it said first may be lost */
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, CLIENT, "HELO world\r\n");
	prefix_gap(&talk.prefix, SERVER);
	(void)talk_text(&talk, SERVER, "OK 1 x\r\n");
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

static void a_burst_is_a_claim_as_long_as_its_server_will_be_heard(void **state)
{
	(void)state;
	static const char BURST[] = "EHLO x\r\nMAIL FROM:<a@b.example>\r\n"
				    "RCPT TO:<c@d.example>\r\n";
	struct talk talk;
	talk_begin(&talk, 4242);
	talk.hint.is_server_captured = true;
	assert_int_equal(talk_text(&talk, CLIENT, BURST), CLASSIFY_NOT_YET);
	assert_int_equal(
		talk_text(&talk, SERVER, "HTTP/1.1 400 no\r\n\r\n"), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_HTTP);
	talk_begin(&talk, 4242);
	talk.hint.is_server_captured = true;
	assert_int_equal(talk_text(&talk, CLIENT, BURST), CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, SERVER, "220 x\r\n"), CLASSIFY_DECIDED);
	assert_string_equal(talk.result.evidence, "220 greeting + ehlo");
	/* it said nothing to the end, or its side is not captured */
	talk_begin(&talk, 4242);
	talk.hint.is_server_captured = true;
	assert_int_equal(talk_text(&talk, CLIENT, BURST), CLASSIFY_NOT_YET);
	assert_int_equal(talk_end(&talk), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	talk_begin(&talk, 4242);
	assert_int_equal(talk_text(&talk, CLIENT, BURST), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

static void a_banner_of_the_client_waits_for_that_of_the_server(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 4242);
	assert_int_equal(talk_text(&talk, CLIENT, "SSH-2.0-x\r\n"), CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, SERVER, "SSH-2.0-y\r\n"), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SSH);
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, CLIENT, "SSH-2.0-x\r\n");
	(void)talk_text(&talk, SERVER, "220 x\r\n");
	(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

/* Both ends play the other's part, whoever opened the connection; one alone proves nothing. */
static void roles_are_turned_by_both_ends_alone(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, CLIENT, "220 x\r\n");
	(void)talk_text(&talk, SERVER, "EHLO x\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	assert_true(talk.result.is_turned);
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, CLIENT, "* OK IMAP4rev1 ready\r\n");
	assert_int_equal(talk.result.outcome, CLASSIFY_NOT_YET);
	(void)talk_text(&talk, SERVER, "a LOGIN x y\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_IMAP);
	assert_true(talk.result.is_turned);
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, SERVER, "EHLO x\r\nMAIL FROM:<a@example.org>\r\n");
	assert_int_equal(talk_text(&talk, CLIENT, "hm\r\n"), CLASSIFY_NOT_YET);
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_UNKNOWN);
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, SERVER, "220 x\r\n");
	(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
	assert_false(talk.result.is_turned);
}

/* The greeted client has more bad lines than the prefix has room for. */
static void a_greeted_client_is_heard_out_however_much_it_says(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 4242);
	(void)talk_text(&talk, SERVER, "+OK hello\r\n");
	for (unsigned i = 0; i < 2 * PREFIX_RUNS; i++) {
		(void)talk_text(&talk, CLIENT, "NONSENSE of some length\r\n");
		(void)talk_text(&talk, SERVER, "-ERR what\r\n");
	}
	assert_int_equal(talk.result.outcome, CLASSIFY_NOT_YET);
	(void)talk_text(&talk, CLIENT, "USER x\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_POP3);
	/* without a greeting the first of them must do */
	talk_begin(&talk, 4242);
	for (unsigned i = 0; i < 2 * PREFIX_RUNS; i++) {
		(void)talk_text(&talk, CLIENT, "NONSENSE of some length\r\n");
		(void)talk_text(&talk, SERVER, "what\r\n");
	}
	assert_int_equal(talk.result.outcome, CLASSIFY_RULED_OUT);
}

static enum protocol of_one_joined_at(const char *greeting, const char *said)
{
	struct talk talk;
	talk_begin(&talk, 25);
	talk.hint.is_client_known = false;
	(void)talk_text(&talk, SERVER, greeting);
	(void)talk_text(&talk, CLIENT, said);
	return talk.result.outcome == CLASSIFY_DECIDED ? talk.result.protocol
						       : PROTOCOL_UNKNOWN;
}

static void a_foreign_line_behind_a_greeting_hides_nothing_whoever_opened(void **state)
{
	(void)state;
	static const char SAID[] =
		"SSH-2.0-x\r\nEHLO a\r\nMAIL FROM:<a@example.org>\r\n";
	assert_int_equal(
		of_one_joined_at("220 mx.example.net ESMTP\r\n", SAID), PROTOCOL_SMTP);
	assert_int_equal(
		of_one_joined_at("HTTP/1.1 400 Bad Request\r\n", SAID), PROTOCOL_HTTP);
	assert_int_not_equal(of_one_joined_at("220 FTP server ready\r\n",
				     "SSH-2.0-x\r\nUSER a\r\nLIST\r\n"),
		PROTOCOL_SMTP);
	assert_int_equal(of_one_joined_at("SSH-2.0-y\r\n", SAID), PROTOCOL_SSH);
}

static void a_full_prefix_ends_the_waiting(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 25);
	for (unsigned i = 0; i < PREFIX_BYTES / 4; i++) {
		(void)talk_text(&talk, CLIENT, "abc ");
	}
	assert_int_equal(talk.result.outcome, CLASSIFY_NOT_YET);
	for (unsigned i = 0; i < PREFIX_BYTES / 4; i++) {
		(void)talk_text(&talk, SERVER, "xyz ");
	}
	assert_int_equal(talk.result.outcome, CLASSIFY_RULED_OUT);
}

static void a_long_exchange_without_a_trait_ends_the_waiting(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 25);
	for (unsigned i = 0; i < PREFIX_RUNS; i++) {
		(void)talk_text(&talk, i % 2, "ab");
	}
	assert_int_equal(talk.result.outcome, CLASSIFY_RULED_OUT);
}

static void a_lost_piece_does_not_hide_a_conversation(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 25);
	prefix_gap(&talk.prefix, CLIENT);
	(void)talk_text(
		&talk, CLIENT, "=20 of a line\r\nMAIL FROM:<a@example.org>\r\n");
	(void)talk_text(&talk, SERVER, "250 Ok\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_conversation_has_its_name_however_it_is_cut),
		cmocka_unit_test(what_a_client_says_early_is_an_opinion),
		cmocka_unit_test(the_bytes_tell_who_is_the_client),
		cmocka_unit_test(a_220_alone_waits_until_a_verb_names_it),
		cmocka_unit_test(a_control_byte_in_a_greeting_hides_no_dialogue),
		cmocka_unit_test(
			what_no_signature_begins_with_is_out_once_its_server_has_spoken),
		cmocka_unit_test(replies_in_a_letter_joined_in_mid_stream_name_nothing),
		cmocka_unit_test(what_is_said_unasked_is_no_dialogue),
		cmocka_unit_test(stray_bytes_in_front_of_a_greeting_hide_no_dialogue),
		cmocka_unit_test(a_login_alone_is_pop3_s_on_its_port),
		cmocka_unit_test(
			who_begins_by_ok_is_a_server_of_pop3_whatever_its_letters_say),
		cmocka_unit_test(a_bare_greeting_is_pop3_s_on_its_port),
		cmocka_unit_test(what_lmtp_and_smtp_share_is_lmtp_on_its_port),
		cmocka_unit_test(who_begins_as_a_client_plays_no_server_alone),
		cmocka_unit_test(text_in_the_middle_of_a_message_may_begin_anyhow),
		cmocka_unit_test(
			commands_alone_are_none_where_the_server_speaks_otherwise),
		cmocka_unit_test(
			a_burst_is_a_claim_as_long_as_its_server_will_be_heard),
		cmocka_unit_test(a_banner_of_the_client_waits_for_that_of_the_server),
		cmocka_unit_test(roles_are_turned_by_both_ends_alone),
		cmocka_unit_test(a_greeted_client_is_heard_out_however_much_it_says),
		cmocka_unit_test(
			a_foreign_line_behind_a_greeting_hides_nothing_whoever_opened),
		cmocka_unit_test(a_full_prefix_ends_the_waiting),
		cmocka_unit_test(a_long_exchange_without_a_trait_ends_the_waiting),
		cmocka_unit_test(a_lost_piece_does_not_hide_a_conversation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
