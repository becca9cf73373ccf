package cognitotest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// function serves a trigger: do gets the event's request and makes the response.
func function(t *testing.T, do func(event members) any) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event members
		if assert.NoError(t, json.NewDecoder(r.Body).Decode(&event)) {
			assert.Equal(t, http.MethodPost, r.Method)
			assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
			event["response"] = do(event)
			_ = json.NewEncoder(w).Encode(event)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// A Lambda function behind a URL gets the event of the service's documentation. It may call the
// service meanwhile.
func TestTriggerAtURL(t *testing.T) {
	t.Parallel()
	var f *fixture
	confirm := function(t, func(event members) any {
		request := event["request"].(members)
		assert.Equal(t, []any{"1", "PreSignUp_SignUp", "us-east-1", f.UserPoolID, "bob"},
			[]any{event["version"], event["triggerSource"], event["region"], event["userPoolId"], event["userName"]})
		assert.Equal(t, members{"awsSdkVersion": "cognitotest", "clientId": clientID}, event["callerContext"])
		assert.Equal(t, members{"a": "b"}, request["clientMetadata"])
		return members{"autoConfirmUser": true, "autoVerifyEmail": true}
	})
	join := function(t, func(event members) any {
		_, err := f.signer().AdminAddUserToGroup(t.Context(), &cip.AdminAddUserToGroupInput{
			UserPoolId: aws.String(f.UserPoolID), Username: aws.String(event["userName"].(string)), GroupName: aws.String("members"),
		})
		assert.NoError(t, err)
		return members{}
	})
	claimsOf := function(t, func(event members) any {
		assert.Equal(t, "2", event["version"])
		assert.Equal(t, []any{"aws.cognito.signin.user.admin"}, event["request"].(members)["scopes"])
		assert.Equal(t, []any{"members"}, event["request"].(members)["groupConfiguration"].(members)["groupsToOverride"])
		return members{"claimsAndScopeOverrideDetails": members{
			"idTokenGeneration": members{"claimsToAddOrOverride": members{"tenant": "t1"}, "claimsToSuppress": []string{"email"}},
			"accessTokenGeneration": members{
				"claimsToAddOrOverride": members{"tenant": "t2"}, "scopesToAdd": []string{"api/read"}, "scopesToSuppress": []string{"aws.cognito.signin.user.admin"},
			},
			"groupOverrideDetails": members{"groupsToOverride": []string{"a", "b"}},
		}}
	})
	f = newFixture(t, cognitotest.Config{
		Groups:      []cognitotest.Group{{Name: "members"}},
		TriggerURLs: map[string]string{"PreSignUp": confirm, "PostConfirmation": join, "PreTokenGeneration": claimsOf},
	})
	out := f.must("SignUp", members{
		"ClientId": clientID, "Username": "bob", "Password": password, "UserAttributes": attributes("email", "bob@example.com"), "ClientMetadata": members{"a": "b"},
	})
	assert.Equal(t, true, out["UserConfirmed"])
	_, got := f.user("bob")
	assert.Equal(t, "true", got["email_verified"])
	signedIn, err := f.byPassword("bob", password)
	require.NoError(t, err)
	id, access := claims(t, *signedIn.AuthenticationResult.IdToken), claims(t, *signedIn.AuthenticationResult.AccessToken)
	assert.Equal(t, "t1", id["tenant"])
	assert.NotContains(t, id, "email")
	assert.Equal(t, "t2", access["tenant"])
	assert.Equal(t, "api/read", access["scope"])
	assert.Equal(t, []any{"a", "b"}, access["cognito:groups"])
}

// A custom sign-in, and a user from elsewhere, by functions.
func TestSignInByTriggersAtURLs(t *testing.T) {
	t.Parallel()
	define := function(t, func(event members) any {
		session := event["request"].(members)["session"].([]any)
		if len(session) == 0 {
			return members{"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false}
		}
		last := session[len(session)-1].(members)
		assert.Equal(t, "round", last["challengeMetadata"])
		return members{"issueTokens": last["challengeResult"], "failAuthentication": last["challengeResult"] == false}
	})
	create := function(t, func(members) any {
		return members{
			"publicChallengeParameters": members{"question": "1+1"}, "privateChallengeParameters": members{"answer": "2"}, "challengeMetadata": "round",
		}
	})
	verify := function(t, func(event members) any {
		request := event["request"].(members)
		return members{"answerCorrect": request["challengeAnswer"] == request["privateChallengeParameters"].(members)["answer"]}
	})
	migrate := function(t, func(event members) any {
		if event["userName"] != "old" || event["request"].(members)["password"] != password {
			return members{}
		}
		return members{"userAttributes": members{"email": "old@example.com", "email_verified": "true"}, "finalUserStatus": "CONFIRMED"}
	})
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{everyFlow()}, TriggerURLs: map[string]string{
		"DefineAuthChallenge": define, "CreateAuthChallenge": create, "VerifyAuthChallengeResponse": verify, "UserMigration": migrate,
	}})
	for _, answer := range []string{"2", "3"} {
		out, err := f.initiate("CUSTOM_AUTH", map[string]string{"USERNAME": "ana"})
		require.NoError(t, err)
		assert.Equal(t, "1+1", out.ChallengeParameters["question"])
		assert.NotContains(t, out.ChallengeParameters, "answer")
		done, err := f.respond("CUSTOM_CHALLENGE", *out.Session, map[string]string{"USERNAME": "ana", "ANSWER": answer})
		if answer == "2" {
			require.NoError(t, err)
			assert.NotNil(t, done.AuthenticationResult)
		} else {
			refused(t, err, notAuthorized, wrongPassword)
		}
	}
	_, err := f.byPassword("nobody", password)
	refused(t, err, "UserNotFoundException", noUser)
	out, err := f.byPassword("old", password)
	require.NoError(t, err)
	assert.NotNil(t, out.AuthenticationResult)
}

// What functions answer that fail, and what becomes of it. The texts are the service's, but for the
// one of a function that cannot be reached.
func TestTriggersAtURLsThatFail(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler(answer(200, `{"response":{}}`), http.StatusTemporaryRedirect))
	t.Cleanup(elsewhere.Close)
	const failed, invalid, unexpected = "UserLambdaValidationException", "InvalidLambdaResponseException", "UnexpectedLambdaException"
	for name, tt := range map[string]struct{ url, kind, message string }{
		"Lambda's error":      {answer(200, `{"errorMessage":"not\ntoday","errorType":"Error"}`), failed, "PreAuthentication failed with error not today."},
		"status 500":          {answer(500, "no\n"), failed, "PreAuthentication failed with error no."},
		"status, no text":     {answer(503, ""), failed, "PreAuthentication failed with error Service Unavailable."},
		"a long text":         {answer(500, strings.Repeat("x", 2000)), failed, "PreAuthentication failed with error " + strings.Repeat("x", 1024) + "."},
		"a redirect":          {elsewhere.URL, failed, ""},
		"no JSON":             {answer(200, "fine"), invalid, "Unrecognizable lambda output"},
		"no response":         {answer(200, "{}"), invalid, "Unrecognizable lambda output"},
		"a response of text":  {answer(200, `{"response":"fine"}`), invalid, "Unrecognizable lambda output"},
		"more than there may": {answer(200, `{"response":{},"x":"`+strings.Repeat("x", 1<<20)+`"}`), invalid, "Unrecognizable lambda output"},
		"nobody there":        {gone.URL, unexpected, "PreAuthentication invocation failed due to error cannot reach the function."},
		"no answer":           {hanging.URL, unexpected, "PreAuthentication invocation failed due to error Socket timeout while invoking Lambda function."},
	} {
		f := newFixture(t, cognitotest.Config{TriggerURLs: map[string]string{"PreAuthentication": tt.url}, TriggerTimeout: 100 * time.Millisecond})
		if name != "no answer" {
			f = newFixture(t, cognitotest.Config{TriggerURLs: map[string]string{"PreAuthentication": tt.url}})
		}
		_, err := f.byPassword("ana", password)
		if tt.message == "" {
			require.ErrorContains(t, err, tt.kind, name)
			continue
		}
		refused(t, err, tt.kind, tt.message)
	}
}

// While a function runs, a second answer to the same session waits: the session is good once.
func TestASessionIsGoodOnceWhileATriggerRuns(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 2), make(chan struct{})
	verify := function(t, func(members) any {
		entered <- struct{}{}
		<-release
		return members{"answerCorrect": true}
	})
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{everyFlow()}, Triggers: cognitotest.Triggers{
		DefineAuthChallenge: func(e *cognitotest.DefineAuthChallengeEvent) error {
			e.ChallengeName, e.IssueTokens = "CUSTOM_CHALLENGE", len(e.Session) > 0
			return nil
		},
		CreateAuthChallenge: func(*cognitotest.CreateAuthChallengeEvent) error { return nil },
	}, TriggerURLs: map[string]string{"VerifyAuthChallengeResponse": verify}})
	out, err := f.initiate("CUSTOM_AUTH", map[string]string{"USERNAME": "ana"})
	require.NoError(t, err)
	var wg sync.WaitGroup
	results := make(chan error, 2)
	for range 2 {
		wg.Go(func() {
			_, err := f.respond("CUSTOM_CHALLENGE", *out.Session, map[string]string{"USERNAME": "ana", "ANSWER": "x"})
			results <- err
		})
	}
	<-entered
	assert.NotEmpty(t, f.must("AdminGetUser", members{"Username": "ana"}), "administrators need not wait")
	close(release)
	wg.Wait()
	first, second := <-results, <-results
	refused(t, errors.Join(first, second), notAuthorized, "Invalid session for the user, session can only be used once.")
	assert.True(t, first == nil || second == nil)
	assert.Empty(t, entered, "the second got no further")
}

func TestTriggerURLsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, cfg := range []cognitotest.Config{
		{TriggerURLs: map[string]string{"CustomEmailSender": "http://127.0.0.1:1/"}},
		{TriggerURLs: map[string]string{"PreSignUp": "127.0.0.1:1"}},
		{TriggerURLs: map[string]string{"PreSignUp": "ftp://127.0.0.1/"}},
		{TriggerURLs: map[string]string{"PreSignUp": "http://127.0.0.1:1/"}, Triggers: cognitotest.Triggers{
			PreSignUp: func(*cognitotest.PreSignUpEvent) error { return nil },
		}},
		{Tier: "GOLD"},
	} {
		assert.Panics(t, func() { cognitotest.NewServer(cfg) })
	}
}
