package cognitotest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

// hush marks every value below that must not be printed.
const hush = "hush-hush"

// harmless are the exported types that hold no secret, and why.
var harmless = map[string]string{
	"ClaimChanges": "claims are no secrets", "ResourceServer": "names", "TokenOptions": "the same", "CustomAttribute": "a name and bounds", "Group": "names",
	"DeviceConfiguration": "settings", "PasswordPolicy": "settings", "WebAuthn": "settings", "Fault": "settings", "FaultKind": "a name",
	"Triggers": "functions, which print as addresses",
}

// secretValues are values of the exported types with a secret in each place for one.
func secretValues(t *testing.T) map[string]any {
	t.Helper()
	client, user := cognitotest.Client{ID: "id", Secret: hush}, cognitotest.User{Username: "bob", Password: hush, TOTPSecret: hush}
	event := cognitotest.TriggerEvent{
		Source: "Source", Username: "bob", ClientMetadata: map[string]string{"k": hush}, Attributes: map[string]string{"k": hush},
	}
	rounds, notes := []cognitotest.ChallengeResult{{Name: "CUSTOM_CHALLENGE", Metadata: hush}}, map[string]string{"k": hush}
	cfg := cognitotest.Config{Clients: []cognitotest.Client{client}}
	srv := newFixture(t, cfg).Server
	request := cognitotest.Request{Op: "InitiateAuth", Header: http.Header{"Authorization": {hush}}, Body: map[string]any{"k": hush}}
	message := cognitotest.Message{Username: "bob", Purpose: "SignUp", Code: hush, Subject: hush, Text: hush}
	migration := cognitotest.UserMigrationEvent{TriggerEvent: event, Password: hush}
	verify := cognitotest.VerifyAuthChallengeEvent{TriggerEvent: event, Answer: hush, PrivateParameters: notes}
	return map[string]any{
		"Snapshot": cognitotest.Snapshot(hush), "configured snapshot": cognitotest.Config{Snapshot: cognitotest.Snapshot(hush)},
		"Client": client, "*Client": &client, "User": user, "*User": &user, "Config": cfg, "*Config": &cfg, "*Server": srv,
		"users": []cognitotest.User{user}, "Request": request, "*Request": &request, "Message": message, "*Message": &message,
		"ChallengeResult": rounds[0], "*ChallengeResult": &rounds[0], "Passkey": *cognitotest.NewPasskey(), "*Passkey": cognitotest.NewPasskey(),
		"TriggerEvent": event, "*TriggerEvent": &event, "UserMigrationEvent": migration, "*UserMigrationEvent": &migration,
		"VerifyAuthChallengeEvent": verify, "*VerifyAuthChallengeEvent": &verify,
		"CreateAuthChallengeEvent": cognitotest.CreateAuthChallengeEvent{TriggerEvent: event, PrivateParameters: notes, Session: rounds, Metadata: hush},
		"DefineAuthChallengeEvent": cognitotest.DefineAuthChallengeEvent{TriggerEvent: event, Session: rounds},
		"CustomMessageEvent":       cognitotest.CustomMessageEvent{TriggerEvent: event, SMSMessage: hush, EmailMessage: hush, EmailSubject: hush},
		"PreSignUpEvent":           cognitotest.PreSignUpEvent{TriggerEvent: event, ValidationData: notes},
		"PreTokenGenerationEvent":  cognitotest.PreTokenGenerationEvent{TriggerEvent: event},
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	for name, v := range secretValues(t) {
		for how, text := range prints.All(v) {
			if name == "users" && how == "JSON handler" {
				continue // package slog prints what holds a value by the rules of JSON, which users are written in
			}
			assert.NotContains(t, text, hush, "%s with %s", name, how)
			assert.NotContains(t, text, fmt.Sprintf("%x", hush), "%s with %s", name, how)
		}
	}
}

// A Passkey is all secret: its key is that of a program's user.
func TestPasskeyPrintsNothing(t *testing.T) {
	t.Parallel()
	for _, v := range []any{cognitotest.NewPasskey(), *cognitotest.NewPasskey()} {
		for how, text := range prints.All(v) {
			assert.Contains(t, text, "Passkey{}", how)
			assert.NotContains(t, text, "0x", how)
		}
	}
}

// A type that is new must be put to the test, or among those that need none.
func TestEveryTypeIsTestedForSecrets(t *testing.T) {
	t.Parallel()
	tested := prints.TypesOf("github.com/gocognito/cognito/cognitotest", secretValues(t))
	names, err := prints.ExportedTypes(".")
	require.NoError(t, err)
	require.Greater(t, len(names), 20)
	for _, name := range names {
		assert.NotEqual(t, tested[name], harmless[name] != "", "%s must be either in secretValues or in harmless", name)
	}
	for name := range harmless {
		assert.Contains(t, names, name)
	}
}
