package cognitotest_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func (f *fixture) addProviders() {
	f.t.Helper()
	for name, kind := range map[string]string{"Google": "Google", "Corp": "OIDC"} {
		f.must("CreateIdentityProvider", members{
			"ProviderName": name, "ProviderType": kind, "ProviderDetails": members{"client_id": "x"}, "AttributeMapping": members{"email": "mail"},
		})
	}
}

func federated(provider, attribute, value string) members {
	return members{"ProviderName": provider, "ProviderAttributeName": attribute, "ProviderAttributeValue": value}
}

func TestLinkedIdentities(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Now: nil})
	f.addProviders()
	ana := members{"ProviderName": "Cognito", "ProviderAttributeValue": "ana"} // the attribute's name is ignored
	google, corp := federated("Google", "Cognito_Subject", "1"), federated("Corp", "email", "ana@corp.example")
	_, before := f.user("ana")
	link := func(destination, source members) members {
		return members{"DestinationUser": destination, "SourceUser": source}
	}
	assert.Empty(t, f.must("AdminLinkProviderForUser", link(ana, google)))
	f.must("AdminLinkProviderForUser", link(ana, corp))
	_, attributes := f.user("ana")
	millis := strconv.FormatInt(f.Now().UnixMilli(), 10)
	assert.JSONEq(t, `[
		{"userId":"1","providerName":"Google","providerType":"Google","issuer":null,"primary":"false","dateCreated":"`+millis+`"},
		{"userId":"ana@corp.example","providerName":"Corp","providerType":"OIDC","issuer":null,"primary":"false","dateCreated":"`+millis+`"}]`,
		attributes["identities"])
	var claims []any
	require.NoError(t, json.Unmarshal([]byte(attributes["identities"]), &claims))
	assert.Equal(t, claims, decoded(t, f.Token("ana", cognitotest.TokenOptions{Use: "id"}), 1)["identities"])

	const (
		linked  = "SourceUser is already linked to DestinationUser"
		merging = "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link"
		local   = "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, only as a DestinationUser"
		form    = "Invalid ProviderAttributeName or ProviderAttributeValue."
	)
	f.AddUser(cognitotest.User{Username: "ben", Password: password})
	f.AddUser(cognitotest.User{Username: "Google_7"})
	ben := federated("Cognito", "x", "ben")
	f.refuses("AdminLinkProviderForUser", link(ana, google), badParameter, linked)
	f.refuses("AdminLinkProviderForUser", link(ben, google), badParameter, linked)
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Google", "Cognito_Subject", "7")), badParameter, merging)
	f.refuses("AdminLinkProviderForUser", link(ana, ben), badParameter, local)
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Google", "email", "x")), badParameter, form)
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Corp", "phone_number", "x")), badParameter, form)
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Corp", "", "x")), badParameter, form)
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Corp", "Cognito_Subject", "")), badParameter, form)
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Okta", "Cognito_Subject", "1")), "ResourceNotFoundException", "Identity provider Okta does not exist.")
	f.refuses("AdminLinkProviderForUser", link(federated("Cognito", "", "nobody"), federated("Google", "Cognito_Subject", "2")), "UserNotFoundException", "User does not exist.")
	f.refuses("AdminLinkProviderForUser", members{}, badParameter,
		"2 validation errors detected: Value at 'destinationUser' failed to satisfy constraint: Member must not be null; "+
			"Value at 'sourceUser' failed to satisfy constraint: Member must not be null")

	for _, id := range []string{"2", "3", "4"} {
		f.must("AdminLinkProviderForUser", link(ana, federated("Corp", "Cognito_Subject", id)))
	}
	f.refuses("AdminLinkProviderForUser", link(ana, federated("Corp", "Cognito_Subject", "5")), "LimitExceededException", "User has too many linked identities.")
	f.must("AdminLinkProviderForUser", link(federated("Google", "x", "7"), federated("Corp", "Cognito_Subject", "6"))) // a federated destination

	for _, user := range []members{google, corp, federated("Corp", "Cognito_Subject", "2"), federated("Corp", "Cognito_Subject", "3"), federated("Corp", "Cognito_Subject", "4")} {
		f.must("AdminDisableProviderForUser", members{"User": user})
		f.refuses("AdminDisableProviderForUser", members{"User": user}, "UserNotFoundException", "User does not exist.")
	}
	_, attributes = f.user("ana")
	assert.Equal(t, before, attributes)
	f.refuses("AdminDisableProviderForUser", members{"User": federated("Okta", "Cognito_Subject", "1")}, "ResourceNotFoundException", "Identity provider Okta does not exist.")
	f.refuses("AdminDisableProviderForUser", members{}, badParameter,
		"1 validation error detected: Value at 'user' failed to satisfy constraint: Member must not be null")

	// A local user can no longer sign in with the password.
	f.refuses("AdminDisableProviderForUser", members{"User": federated("Cognito", "email", "ben")}, badParameter, form)
	f.refuses("AdminDisableProviderForUser", members{"User": federated("Cognito", "Cognito_Subject", "nobody")}, "UserNotFoundException", "User does not exist.")
	_, err := f.byPassword("ben", password)
	require.NoError(t, err)
	f.must("AdminDisableProviderForUser", members{"User": federated("Cognito", "Cognito_Subject", "ben")})
	_, err = f.byPassword("ben", password)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
}
