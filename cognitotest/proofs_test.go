package cognitotest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

func TestProofsThatAreRefused(t *testing.T) {
	t.Parallel()
	other := allFlows()
	other.ID = "2example23456789abcdefghij"
	tests := []struct {
		name          string
		change        func(f *fixture, params map[string]string)
		kind, message string
	}{
		{"wrong signature", func(_ *fixture, p map[string]string) { p["PASSWORD_CLAIM_SIGNATURE"] = "AAAA" }, notAuthorized, wrongPassword},
		{"signature that is no base64", func(_ *fixture, p map[string]string) { p["PASSWORD_CLAIM_SIGNATURE"] = "!" }, notAuthorized, wrongPassword},
		{"unknown block", func(_ *fixture, p map[string]string) { p["PASSWORD_CLAIM_SECRET_BLOCK"] = "AAAA" }, notAuthorized, wrongPassword},
		{"the alias for the username", func(_ *fixture, p map[string]string) { p["USERNAME"] = "ana@example.com" }, notAuthorized, wrongPassword},
		{"another user", func(_ *fixture, p map[string]string) { p["USERNAME"] = "eve" }, notAuthorized, wrongPassword},
		{"another client", func(f *fixture, _ map[string]string) { f.ClientID = other.ID }, notAuthorized, wrongPassword},
		{"late", func(f *fixture, _ map[string]string) { f.Advance(61 * time.Second) }, notAuthorized, wrongPassword},
		{"day of two digits", func(_ *fixture, p map[string]string) { p["TIMESTAMP"] = "Thu Jan 01 10:00:00 UTC 2026" }, badParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		{"24 o'clock", func(_ *fixture, p map[string]string) { p["TIMESTAMP"] = "Sat Feb 17 24:03:00 UTC 2024" }, badParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		{"another time than was signed", func(f *fixture, p map[string]string) { p["TIMESTAMP"] = srp.Timestamp(f.Now().Add(7 * time.Second)) }, notAuthorized, wrongPassword},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), other}, AliasAttributes: []string{"email"}})
			f.AddUser(cognitotest.User{Username: "eve", Password: password})
			a, err := f.startSRP("ana@example.com")
			require.NoError(t, err)
			params := f.answer(a, password, f.Now())
			tt.change(f, params)
			_, err = f.respond(verifier, "", params)
			refused(t, err, tt.kind, tt.message)
		})
	}

	f := newFixture(t, cognitotest.Config{})
	for _, wrongBy := range []time.Duration{-2 * time.Minute, 2 * time.Minute, 12 * time.Hour} {
		a, err := f.startSRP("ana")
		require.NoError(t, err)
		_, err = f.respond(verifier, "", f.answer(a, password, f.Now().Add(wrongBy)))
		refused(t, err, notAuthorized, wrongPassword)
	}
	a, err := f.startSRP("ana")
	require.NoError(t, err)
	_, err = f.respond(verifier, "", f.answer(a, password, f.Now().Add(30*time.Second)))
	require.NoError(t, err)
	_, err = f.respond(verifier, "", f.answer(a, password, f.Now()))
	refused(t, err, notAuthorized, wrongPassword) // the block is spent
}

func TestPublicKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	for _, bigA := range []string{"0", "00", "xyz", strings.Repeat("f", 4096)} {
		_, err := f.initiate(types.AuthFlowTypeUserSrpAuth, map[string]string{"USERNAME": "ana", "SRP_A": bigA})
		require.ErrorContains(t, err, badParameter)
		require.ErrorContains(t, err, "SRP_A")
	}
}

func TestSaltIsTheUsersAndBIsFresh(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"ana", "nobody"} { // who does not exist looks just the same
		client := allFlows()
		client.PreventUserExistenceErrors = true
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		first, err := f.startSRP(login)
		require.NoError(t, err)
		second, err := f.startSRP(login)
		require.NoError(t, err)
		assert.Equal(t, first.params["SALT"], second.params["SALT"])
		assert.Equal(t, first.params["USER_ID_FOR_SRP"], second.params["USER_ID_FOR_SRP"])
		assert.NotEqual(t, first.params["SRP_B"], second.params["SRP_B"])
		assert.NotEqual(t, first.params["SECRET_BLOCK"], second.params["SECRET_BLOCK"])
		assert.InDelta(t, 32, len(first.params["SALT"]), 4)
		assert.InDelta(t, 768, len(first.params["SRP_B"]), 6)
		assert.Len(t, first.params["SECRET_BLOCK"], 1600)

		other := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		elsewhere, err := other.startSRP(login)
		require.NoError(t, err)
		assert.NotEqual(t, first.params["SALT"], elsewhere.params["SALT"])
	}
}
