/*
 * observed/sighting - what one mail flow showed, as plain data.
 *
 * The unit of everything that looks back. In: the flow's record, one EVE line of type
 * mail, and nothing else, so that a live sensor, a replay, a journal and an EVE file give
 * the same. Out: a struct that borrows nothing, holds no secret and can be judged anew
 * (observed/rejudge). What the record leaves open is 0, "" or unknown. Pure: no I/O.
 */
#pragma once

#include "analyze/facts.h"
#include "base/document.h"
#include "judge/judge.h"

#define SIGHTING_NAME_BYTES  128 /* of a host; longer ones are cut */
#define SIGHTING_EVENT_BYTES 128 /* of a record; the same */
#define SIGHTING_ID_BYTES    64  /* of a row, a group, a sensor; the same */

/* What judging asks, and no other member says: the words of the record's mail.shown. */
enum sighting_shown {
	/* mail, or the proof of a login, crossed in clear */
	SIGHTING_CONTENT_CLEAR = 1 << 0,
	SIGHTING_PROBE = 1 << 1,       /* its client said hello and left */
	SIGHTING_TURNED = 1 << 2,      /* who opened the connection receives */
	SIGHTING_BY_NAME = 1 << 3,     /* nothing but a name says that it is mail */
	SIGHTING_ESTABLISHED = 1 << 4, /* both sides went on under TLS */
	SIGHTING_CLIENT_CERTIFICATE = 1 << 5,
	SIGHTING_NO_CLIENT_CERTIFICATE =
		1 << 6,                     /* asked for or not: seen to be missing */
	SIGHTING_CERTIFICATE_FITS = 1 << 7, /* the name that was asked for */
	SIGHTING_CERTIFICATE_SELF_SIGNED = 1 << 8,
	/* the other end itself asked DNS for this end's name */
	SIGHTING_CLIENT_NAME_ASKED = 1 << 9,
	SIGHTING_SERVER_NAME_ASKED = 1 << 10,
	SIGHTING_AMBIGUOUS = 1 << 11,  /* some of its bytes may be read in two ways */
	SIGHTING_CLEAR_CUT = 1 << 12,  /* bytes are missing in what was not TLS */
	SIGHTING_OTHER_TALK = 1 << 13, /* its client spoke another protocol, in vain */
};
#define SIGHTING_SHOWN_COUNT 14

/* The word of one flag, "content-clear"; NULL behind the last. */
const char *sighting_shown_word(unsigned index);

/* The flags of a flow that ended, for its record. */
unsigned sighting_shown_of(const struct observation *observation);

struct sighting {
	/* the ends as judged: behind a proxy that is believed, those that it names */
	struct address client;
	struct address server;
	uint16_t client_port;
	uint16_t server_port;
	uint16_t port; /* of the service: the one that was opened */
	/* in the packets */
	uint16_t wire_client_port;
	uint16_t wire_server_port;
	struct address wire_client;
	struct address wire_server;
	bool is_proxied;
	/* no zone held it, and of which role its group was; client first, as below */
	bool is_internet[2];
	uint8_t role[2]; /* enum matrix_role */

	uint8_t protocol;          /* enum protocol: of mail, or PROTOCOL_ATTEMPT */
	uint8_t confidence;        /* enum direction_confidence: who is the client */
	uint8_t tls;               /* enum facts_tls */
	uint16_t tls_version;      /* 0x0303; 0: not seen */
	uint8_t starttls_offered;  /* enum facts_answer */
	uint8_t auth_accepted;     /* enum facts_answer: of the login in clear */
	uint8_t certificate;       /* enum facts_visibility, of the server */
	int64_t certificate_end_s; /* 0: not seen */
	uint8_t rpc_protection;    /* as in struct facts */
	bool is_midstream;
	uint16_t mechanisms;       /* enum facts_mechanism: sign-in seen, in clear */
	uint16_t clear_mechanisms; /* of these: a reusable secret crossed */
	uint16_t shown;            /* enum sighting_shown */

	/* by which way it came in: .depth 0 with a .tag: a tunnel nobody remembers */
	struct way way;
	uint8_t vlan_count;
	uint16_t vlan[2];

	uint64_t time_us; /* of the record: when it was judged */
	uint64_t start_us;
	uint64_t end_us;
	uint64_t packets[2]; /* by enum direction */
	uint64_t bytes[2];   /* of payload; both more than 0: both ends were heard */
	uint32_t messages;   /* seen to be taken or sent, in clear */
	uint32_t recipients;
	uint32_t refusals;  /* that the server said no for good, in clear, */
	uint32_t deferrals; /* and temporarily */
	bool has_sender;    /* a domain of one: mail was begun, in clear */

	uint8_t verdict;   /* enum verdict */
	uint64_t findings; /* FINDING_BIT of each raised, but for the accepted ones */
	uint64_t accepted;
	char row[SIGHTING_ID_BYTES]; /* that allowed it */
	char nearest_row[SIGHTING_ID_BYTES];
	char groups[2][SIGHTING_ID_BYTES]; /* group, else zone, client first */

	char sni[SIGHTING_NAME_BYTES];
	char helo[SIGHTING_NAME_BYTES];
	char names[2][SIGHTING_NAME_BYTES];       /* that DNS gave, client first */
	char certificate_names[FACTS_NAME_BYTES]; /* comma-separated */

	uint64_t flow_id;                    /* of this sensor's records */
	char event_id[SIGHTING_EVENT_BYTES]; /* of its record */
	char community_id[32];
	char sensor[SIGHTING_ID_BYTES];
	char source[SIGHTING_ID_BYTES]; /* interface or capture */
};

/* Both ends sent payload: what one of them claims, the other went along with. */
static inline bool sighting_is_heard(const struct sighting *sighting)
{
	return sighting->bytes[0] > 0 && sighting->bytes[1] > 0;
}

/*
 * False: no record of a mail flow, or one without its ends; *sighting is undefined then.
 * Words that this version does not know are let by.
 */
bool sighting_read(struct sighting *sighting, const struct document *record);

/* The same of a line without its end. */
bool sighting_read_line(struct sighting *sighting, const char *line, size_t len);

/*
 * The same for one flow at two sensors whose clocks agree to a few seconds: of Community
 * ID and start. Never 0.
 */
uint64_t sighting_identity(const struct sighting *sighting);
