package cognito_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// events lists all events of a user.
func events(t *testing.T, c *cognito.Cognito, username string, opts ...cognito.CallOption) []*cognito.AuthEvent {
	t.Helper()
	var all []*cognito.AuthEvent
	for e, err := range c.AdminListUserAuthEvents(t.Context(), username, opts...) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

func TestAuthEvents(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	srv := newServer(t, cognitotest.Config{Now: func() time.Time { return now }})
	srv.AddUser(cognitotest.User{Username: "totp", Password: testPassword, TOTPSecret: rfcSecret})
	ctx := t.Context()
	admin := newAdmin(t, srv)
	c := newClient(t, srv, cognito.WithUsername("totp"))
	assert.Empty(t, events(t, admin, "totp"))
	require.Error(t, c.Authenticate(ctx, "Wrong-Horse-1"))
	require.Error(t, c.Authenticate(ctx, testPassword, cognito.UserContextData{IPAddress: "192.0.2.1"}))
	require.ErrorIs(t, c.RespondToSoftwareTokenMFAChallenge(ctx, "000000"), cognito.ErrCodeMismatch)
	require.NoError(t, c.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("totp")))

	all := events(t, admin, "totp")
	require.Len(t, all, 3)
	passed, mfa, wrong := all[0], all[1], all[2]
	assert.NotEmpty(t, passed.ID)
	passed.ID = ""
	success := []types.ChallengeResponseType{{ChallengeName: "Password", ChallengeResponse: "Success"}, {ChallengeName: "Mfa", ChallengeResponse: "Success"}}
	assert.Equal(t, &cognito.AuthEvent{
		Type: "SignIn", Response: "Pass", Created: now, RiskDecision: "NoRisk", Challenges: success, IPAddress: "192.0.2.1",
	}, passed)
	assert.Equal(t, []types.ChallengeResponseType{success[0], {ChallengeName: "Mfa", ChallengeResponse: "Failure"}}, mfa.Challenges)
	assert.Equal(t, types.EventResponseTypeFail, mfa.Response)
	assert.Equal(t, []types.ChallengeResponseType{{ChallengeName: "Password", ChallengeResponse: "Failure"}}, wrong.Challenges)
	assert.Empty(t, wrong.IPAddress)

	assert.Len(t, events(t, admin, "totp", cognito.Limit(2)), 2)
	before := len(srv.Requests())
	assert.Equal(t, all[1:], events(t, admin, "totp", cognito.PageSize(1))[1:])
	assert.Len(t, srv.Requests(), before+3)
}

func TestAuthEventFeedback(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	ctx := t.Context()
	admin, c := newAdmin(t, srv), newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(ctx, testPassword))
	require.NoError(t, c.ChangePassword(ctx, testPassword, "Another-Horse-2"))
	id := events(t, admin, "bob")[0].ID
	assert.Nil(t, events(t, admin, "bob")[0].Feedback)
	require.NoError(t, admin.AdminUpdateAuthEventFeedback(ctx, "bob", id, cognito.FeedbackInvalid))
	feedback := events(t, admin, "bob")[0].Feedback
	require.NotNil(t, feedback)
	assert.Equal(t, cognito.FeedbackInvalid, feedback.Value)
	assert.Equal(t, "Admin", feedback.Provider)
	assert.WithinDuration(t, srv.Now(), feedback.Date, time.Minute)

	anybody := newClient(t, srv)
	require.NoError(t, anybody.UpdateAuthEventFeedback(ctx, "bob", id, srv.FeedbackToken("bob", id), cognito.FeedbackValid))
	assert.Empty(t, lastCall(srv).Header.Get("Authorization"))
	assert.Equal(t, cognito.FeedbackValid, events(t, admin, "bob")[0].Feedback.Value)
	require.ErrorContains(t, anybody.UpdateAuthEventFeedback(ctx, "bob", id, "guessed", cognito.FeedbackInvalid), "NotAuthorizedException")
	assert.Equal(t, cognito.FeedbackValid, events(t, admin, "bob")[0].Feedback.Value)

	before := len(srv.Requests())
	for want, err := range map[string]error{
		"cognito: AdminUpdateAuthEventFeedback: event ID: want the ID of an event, got none":                             admin.AdminUpdateAuthEventFeedback(ctx, "bob", "", cognito.FeedbackValid),
		`cognito: AdminUpdateAuthEventFeedback: feedback: want FeedbackValid or FeedbackInvalid, got "maybe"`:            admin.AdminUpdateAuthEventFeedback(ctx, "bob", id, "maybe"),
		"cognito: AdminUpdateAuthEventFeedback: username: want a username or an alias, got none":                         admin.AdminUpdateAuthEventFeedback(ctx, "", id, cognito.FeedbackValid),
		"cognito: UpdateAuthEventFeedback: feedback token: want the token from the link in the user's message, got none": anybody.UpdateAuthEventFeedback(ctx, "bob", id, "", cognito.FeedbackValid),
		`cognito: UpdateAuthEventFeedback: feedback: want FeedbackValid or FeedbackInvalid, got ""`:                      anybody.UpdateAuthEventFeedback(ctx, "bob", id, "x", ""),
		"cognito: AdminListUserAuthEvents: username: want a username or an alias, got none":                              last(admin.AdminListUserAuthEvents(ctx, "")),
		"cognito: AdminListUserAuthEvents: option Flow: this call takes only [Limit PageSize]":                           last(admin.AdminListUserAuthEvents(ctx, "bob", cognito.Flow("X"))),
	} {
		require.EqualError(t, err, want)
	}
	assert.Len(t, srv.Requests(), before)
}

// Only the Plus plan has threat protection.
func TestAuthEventsNeedThePlan(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Tier: "ESSENTIALS"})
	c := newAdmin(t, srv)
	require.ErrorIs(t, last(c.AdminListUserAuthEvents(t.Context(), "bob")), cognito.ErrFeatureUnavailable)
	require.ErrorIs(t, c.AdminUpdateAuthEventFeedback(t.Context(), "bob", "id", cognito.FeedbackValid), cognito.ErrFeatureUnavailable)
	require.ErrorIs(t, last(c.AdminListUserAuthEvents(t.Context(), "nobody")), cognito.ErrUserNotFound)
}

// What the service says of an event arrives in full, and what it leaves out is empty.
func TestAuthEventsOfTheService(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	answer(srv, "AdminListUserAuthEvents", 200, map[string]any{"AuthEvents": []any{
		map[string]any{
			"EventId": "e", "EventType": "SignIn", "CreationDate": 1.5, "EventResponse": "InProgress",
			"EventRisk":        map[string]any{"RiskDecision": "Block", "RiskLevel": "High", "CompromisedCredentialsDetected": true},
			"EventContextData": map[string]any{"IpAddress": "i", "City": "c", "Country": "d", "Timezone": "z", "DeviceName": "n"},
			"EventFeedback":    map[string]any{"FeedbackValue": "Valid", "Provider": "p", "FeedbackDate": 2.0},
		},
		map[string]any{"ChallengeResponses": []any{}},
	}})
	got := events(t, c, "bob")
	require.Len(t, got, 2)
	assert.Equal(t, &cognito.AuthEvent{
		ID: "e", Type: "SignIn", Response: "InProgress", Created: time.UnixMilli(1500).UTC(), RiskDecision: "Block", RiskLevel: "High",
		CompromisedCredentials: true, IPAddress: "i", City: "c", Country: "d", Timezone: "z", DeviceName: "n",
		Feedback: &cognito.AuthEventFeedback{Value: "Valid", Provider: "p", Date: time.Unix(2, 0).UTC()},
	}, got[0])
	assert.Equal(t, &cognito.AuthEvent{}, got[1])
}
