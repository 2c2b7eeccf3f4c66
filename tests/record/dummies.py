"""The user of the captures. Dummies only; the golden test checks that none leaves the sensor."""

USER = "alice"
PASSWORD = "not-a-real-secret-1"
WRONG_PASSWORD = "not-a-real-secret-2"
SECRETS = (PASSWORD, WRONG_PASSWORD)
