#include "dossier/texts.h"

static const char
	*const TEXTS[CONFORMITY_SUBJECTS][TEXTS_SUBJECT_COUNT][TEXTS_LANGUAGES] = {
		[CONFORMITY_R34] =
			{
				{"Mailbox servers stand in the internal zone.",
					"Les serveurs de boîtes aux lettres se "
					"tiennent dans la zone "
					"interne."},
				{"Flows from or to a mailbox server, heard from both "
				 "ends.",
					"Des flux depuis ou vers un serveur de boîtes "
					"aux lettres, entendus "
					"des deux côtés."},
				{"Move the mailbox server behind the gateway, or "
				 "correct the zones where "
				 "they are declared wrong.",
					"Placer le serveur derrière la passerelle, ou "
					"corriger les zones si "
					"elles sont mal déclarées."},
				{"No flow of a mailbox server was heard from both "
				 "ends.",
					"Aucun flux d'un serveur de boîtes aux lettres "
					"n'a été entendu des deux côtés."},
			},
		[CONFORMITY_R35] =
			{
				{"Internal relays do not reach past the gateway's "
				 "servers.",
					"Les relais internes ne vont pas au-delà des "
					"serveurs de la "
					"passerelle."},
				{"Mail handed to or by an internal relay, heard from "
				 "both ends.",
					"Du courriel remis à un relais interne ou par "
					"lui, entendu des deux "
					"côtés."},
				{"Let relays speak with declared internal servers and "
				 "with the gateway's "
				 "own servers only.",
					"Ne laisser les relais parler qu'aux serveurs "
					"internes déclarés et "
					"aux serveurs de la passerelle."},
				{"No mail to or from an internal relay was heard from "
				 "both ends.",
					"Aucun courriel vers un relais interne ou "
					"venant de lui n'a été entendu des deux "
					"côtés."},
			},
		[CONFORMITY_R36] =
			{
				{"One server of the gateway sends, another one "
				 "receives.",
					"À la passerelle, un serveur émet et un autre "
					"reçoit."},
				{"Mail sent to the Internet and mail taken from it, "
				 "both heard from both "
				 "ends.",
					"Du courriel envoyé à Internet et du courriel "
					"reçu d'Internet, "
					"entendus des deux côtés."},
				{"Split sending and receiving; let neither do the "
				 "other's work.",
					"Séparer l'émission de la réception ; qu'aucun "
					"ne fasse le travail "
					"de l'autre."},
				{"Mail sent to the Internet and mail taken from it "
				 "were not both heard from both ends.",
					"Le courriel envoyé à Internet et le courriel "
					"reçu d'Internet n'ont pas tous deux été "
					"entendus des deux côtés."},
			},
		[CONFORMITY_R37] =
			{
				{"Mail protocols pass only between legitimate mail "
				 "infrastructures; "
				 "whoever else uses TCP/25 or TCP/465 leaves a log "
				 "entry and an alert.",
					"Les protocoles de messagerie ne passent "
					"qu'entre infrastructures "
					"de messagerie légitimes ; tout autre usage de "
					"TCP/25 ou de TCP/465 "
					"laisse une trace au pare-feu et une alerte."},
				{"Any mail flow heard from both ends, at the places "
				 "where mail may leave.",
					"Tout flux de messagerie entendu des deux "
					"côtés, là où du courriel "
					"peut sortir."},
				{"Declare what is legitimate, with an owner; block the "
				 "rest at the "
				 "firewall and examine its source.",
					"Déclarer ce qui est légitime, avec un "
					"responsable ; bloquer le "
					"reste au pare-feu et en examiner la source."},
				{"No mail flow was heard from both ends.",
					"Aucun flux de messagerie n'a été entendu des "
					"deux côtés."},
			},
		[CONFORMITY_R41] =
			{
				{"Users' flows are encrypted and authenticated.",
					"Les flux des utilisateurs sont chiffrés et "
					"authentifiés."},
				{"Flows of users, seen far enough to tell whether TLS "
				 "came before content.",
					"Des flux d'utilisateurs, vus assez loin pour "
					"dire si TLS précède le "
					"contenu."},
				{"Have servers refuse users who come without TLS, and "
				 "raise the lowest "
				 "version.",
					"Faire refuser par les serveurs les "
					"utilisateurs sans TLS et relever "
					"la version minimale."},
				{"No flow of users was seen far enough to tell its "
				 "TLS.",
					"Aucun flux d'utilisateur n'a été vu assez "
					"loin pour en connaître le TLS."},
			},
		[CONFORMITY_R42] =
			{
				{"STARTTLS is active between servers and of good "
				 "quality; no implicit TLS "
				 "on 465 between them.",
					"« Activer l'option STARTTLS sur les serveurs "
					"SMTP » (intitulé du "
					"guide), de bonne qualité ; pas de TLS "
					"implicite sur 465 entre "
					"serveurs."},
				{"Flows between servers, seen far enough to tell their "
				 "TLS.",
					"Des flux entre serveurs, vus assez loin pour "
					"en connaître le TLS."},
				{"Activate STARTTLS on both ends, keep certificates "
				 "valid, block 465 "
				 "between servers.",
					"Activer STARTTLS des deux côtés, tenir les "
					"certificats valides, "
					"bloquer 465 entre serveurs."},
				{"No flow between servers was seen far enough to tell "
				 "its TLS.",
					"Aucun flux entre serveurs n'a été vu assez "
					"loin pour en connaître le TLS."},
			},
		[CONFORMITY_R42_PLUS] =
			{
				{"REQUIRETLS is used where a message must not cross in "
				 "clear.",
					"REQUIRETLS est employé là où un message ne "
					"doit pas passer en "
					"clair."},
				{"MAIL commands in clear: inside TLS they are hidden, "
				 "and there they are "
				 "no breach.",
					"Des commandes MAIL en clair : dans TLS elles "
					"sont cachées, et n'y "
					"sont pas un écart."},
				{"Correct the server that asks for REQUIRETLS outside "
				 "TLS.",
					"Corriger le serveur qui demande REQUIRETLS "
					"hors de TLS."},
				{"No MAIL command crossed in clear, and TLS hides it.",
					"Aucune commande MAIL n'est passée en clair, "
					"et TLS la cache."},
			},
		[CONFORMITY_EXPOSURE] =
			{
				{"No user's access to mailboxes is open to the "
				 "Internet.",
					"Aucun accès d'utilisateur aux boîtes aux "
					"lettres n'est ouvert à "
					"Internet."},
				{"Users reading mail, and any flow that came from the "
				 "Internet.",
					"Des utilisateurs qui lisent du courriel, et "
					"un flux quelconque venu "
					"d'Internet."},
				{"Put nomadic users into the VPN and close the port to "
				 "the Internet.",
					"Faire passer les utilisateurs nomades par le "
					"VPN et fermer le port "
					"à Internet."},
				{"No users reading mail were seen, or nothing from the "
				 "Internet.",
					"Aucun utilisateur lisant du courriel n'a été "
					"vu, ou rien venant d'Internet."},
			},
};

const char *texts_of_subject(enum texts_language language,
	enum conformity_subject subject, enum texts_of_subject which)
{
	return TEXTS[subject][which][language];
}
