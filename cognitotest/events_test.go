package cognitotest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// kinds are the kinds of a user's events, the newest first.
func (f *fixture) kinds(username string) []string {
	f.t.Helper()
	var kinds []string
	for _, e := range f.must("AdminListUserAuthEvents", members{"Username": username})["AuthEvents"].([]any) {
		event := e.(members)
		kinds = append(kinds, event["EventType"].(string)+" "+event["EventResponse"].(string))
	}
	return kinds
}

func TestEventsOfAUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	_, err := f.signUp("ben", password, map[string]string{"email": "ben@example.com"})
	require.NoError(t, err)
	_, err = f.resend("ben")
	require.NoError(t, err)
	require.NoError(t, f.confirm("ben", f.Code("ben")))
	_, err = f.byPassword("ben", "Wrong-Horse-1")
	require.Error(t, err)
	out, err := f.sdk.InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: aws.String(clientID), AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: map[string]string{"USERNAME": "ben", "PASSWORD": password},
		UserContextData: &types.UserContextDataType{IpAddress: aws.String("192.0.2.1")},
	})
	require.NoError(t, err)
	list := f.must("AdminListUserAuthEvents", members{"Username": "ben", "MaxResults": 1})
	require.Len(t, list["AuthEvents"], 1)
	newest := list["AuthEvents"].([]any)[0].(members)
	assert.Equal(t, members{"IpAddress": "192.0.2.1"}, newest["EventContextData"])
	assert.Equal(t, []any{members{"ChallengeName": "Password", "ChallengeResponse": "Success"}}, newest["ChallengeResponses"])
	assert.Equal(t, members{"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": false}, newest["EventRisk"])
	next := f.must("AdminListUserAuthEvents", members{"Username": "ben", "MaxResults": 1, "NextToken": list["NextToken"]})
	assert.Equal(t, "Fail", next["AuthEvents"].([]any)[0].(members)["EventResponse"])
	f.refuses("AdminListUserAuthEvents", members{"Username": "ana", "NextToken": list["NextToken"]}, badParameter, "Invalid pagination token.")

	f.must("ChangePassword", members{"AccessToken": *out.AuthenticationResult.AccessToken, "PreviousPassword": password, "ProposedPassword": "Another-Horse-2"})
	f.must("ForgotPassword", members{"ClientId": clientID, "Username": "ben"})
	assert.Equal(t, []string{"ForgotPassword Pass", "PasswordChange Pass", "SignIn Pass", "SignIn Fail", "ResendCode Pass", "SignUp Pass"}, f.kinds("ben"))
	assert.Empty(t, f.kinds("ana"))
}

func TestEventFeedback(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	_, err := f.byPassword("ana", password)
	require.NoError(t, err)
	f.AddUser(cognitotest.User{Username: "ben", Password: password})
	id := f.must("AdminListUserAuthEvents", members{"Username": "ana"})["AuthEvents"].([]any)[0].(members)["EventId"]
	of := func(username, value string) members {
		return members{"Username": username, "EventId": id, "FeedbackValue": value}
	}
	f.refuses("AdminUpdateAuthEventFeedback", of("ana", "Maybe"), badParameter,
		"1 validation error detected: Value at 'feedbackValue' failed to satisfy constraint: Member must satisfy enum value set: [Invalid, Valid]")
	f.refuses("AdminUpdateAuthEventFeedback", members{"Username": "ana"}, badParameter,
		"2 validation errors detected: Value at 'eventId' failed to satisfy constraint: Member must not be null; "+
			"Value at 'feedbackValue' failed to satisfy constraint: Member must not be null")
	f.refuses("AdminUpdateAuthEventFeedback", of("ben", "Valid"), "ResourceNotFoundException", "Event does not exist.")
	f.must("AdminUpdateAuthEventFeedback", of("ana", "Valid"))
	byUser := of("ana", "Invalid")
	byUser["FeedbackToken"] = f.FeedbackToken("ben", id.(string))
	f.refuses("UpdateAuthEventFeedback", byUser, "NotAuthorizedException", "Invalid feedback token.")
	byUser["FeedbackToken"] = f.FeedbackToken("ana", id.(string))
	f.must("UpdateAuthEventFeedback", byUser)
	feedback := f.must("AdminListUserAuthEvents", members{"Username": "ana"})["AuthEvents"].([]any)[0].(members)["EventFeedback"].(members)
	assert.Equal(t, "User", feedback["Provider"])
	assert.Equal(t, "Invalid", feedback["FeedbackValue"])
}

func TestEventsNeedTheirPlan(t *testing.T) {
	t.Parallel()
	for _, tier := range []string{"LITE", "ESSENTIALS"} {
		f := newFixture(t, cognitotest.Config{Tier: tier})
		_, err := f.byPassword("ana", password)
		require.NoError(t, err)
		const text = "Threat protection is not enabled for the user pool."
		f.refuses("AdminListUserAuthEvents", members{"Username": "ana"}, "UserPoolAddOnNotEnabledException", text)
		f.refuses("AdminUpdateAuthEventFeedback", members{"Username": "ana", "EventId": "x", "FeedbackValue": "Valid"}, "UserPoolAddOnNotEnabledException", text)
	}
}
