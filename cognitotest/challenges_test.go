package cognitotest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

// riddle leads a custom sign-in: the password where the client begins with SRP, then at most three
// answers.
func riddle() cognitotest.Triggers {
	return cognitotest.Triggers{
		DefineAuthChallenge: func(e *cognitotest.DefineAuthChallengeEvent) error {
			wrong, last := 0, cognitotest.ChallengeResult{}
			for _, last = range e.Session {
				if !last.Passed {
					wrong++
				}
			}
			switch {
			case wrong == 3:
				e.FailAuthentication = true
			case last.Name == "SRP_A":
				e.ChallengeName = "PASSWORD_VERIFIER"
			case last.Name == "CUSTOM_CHALLENGE" && last.Passed:
				e.IssueTokens = true
			default:
				e.ChallengeName = "CUSTOM_CHALLENGE"
			}
			return nil
		},
		CreateAuthChallenge: func(e *cognitotest.CreateAuthChallengeEvent) error {
			e.PublicParameters = map[string]string{"question": "6 x 7", "USERNAME": "?"}
			e.PrivateParameters = map[string]string{"answer": "42"}
			e.Metadata = "riddle"
			return nil
		},
		VerifyAuthChallenge: func(e *cognitotest.VerifyAuthChallengeEvent) error {
			e.Correct = e.Answer == e.PrivateParameters["answer"] && !e.UserNotFound
			return nil
		},
	}
}

func TestCustomChallenge(t *testing.T) {
	t.Parallel()
	var rounds []cognitotest.ChallengeResult
	triggers := riddle()
	define := triggers.DefineAuthChallenge
	triggers.DefineAuthChallenge = func(e *cognitotest.DefineAuthChallengeEvent) error {
		rounds = e.Session
		return define(e)
	}
	f := newFlows(t, cognitotest.Config{Triggers: triggers}, cognitotest.User{TOTPSecret: totpSecret})
	first, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob")
	require.NoError(t, err)
	assert.Equal(t, "CUSTOM_CHALLENGE", first.ChallengeName)
	assert.Equal(t, map[string]string{"question": "6 x 7", "USERNAME": "bob"}, first.ChallengeParameters)
	f.refusesAnswer("CUSTOM_CHALLENGE", first.Session, badParameter, "Missing required parameter ANSWER")
	second := f.mustGoOn("CUSTOM_CHALLENGE", first.Session, "ANSWER", "41")
	assert.Equal(t, "CUSTOM_CHALLENGE", second.ChallengeName)
	f.refusesAnswer("CUSTOM_CHALLENGE", first.Session, notAuthorized, badSession, "ANSWER", "42")
	done := f.mustGoOn("CUSTOM_CHALLENGE", second.Session, "ANSWER", "42")
	assert.NotNil(t, done.AuthenticationResult, "MFA is the triggers' business")
	f.refusesAnswer("CUSTOM_CHALLENGE", second.Session, notAuthorized, spentSession, "ANSWER", "42")
	assert.Equal(t, []cognitotest.ChallengeResult{
		{Name: "CUSTOM_CHALLENGE", Metadata: "riddle"}, {Name: "CUSTOM_CHALLENGE", Passed: true, Metadata: "riddle"},
	}, rounds)
}

func TestCustomChallengeFails(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Triggers: riddle()}, cognitotest.User{})
	asked, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob")
	require.NoError(t, err)
	asked = f.mustGoOn("CUSTOM_CHALLENGE", asked.Session, "ANSWER", "1")
	asked = f.mustGoOn("CUSTOM_CHALLENGE", asked.Session, "ANSWER", "2")
	f.refusesAnswer("CUSTOM_CHALLENGE", asked.Session, notAuthorized, wrongPassword, "ANSWER", "3")
	f.refusesAnswer("CUSTOM_CHALLENGE", asked.Session, notAuthorized, badSession, "ANSWER", "42")

	plain := newFlows(t, cognitotest.Config{}, cognitotest.User{})
	_, err = plain.begin("CUSTOM_AUTH", "USERNAME", "bob")
	refused(t, err, badParameter, "Custom auth lambda trigger is not configured for the user pool.")
}

func TestCustomChallengeAfterSRP(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Triggers: riddle()}, cognitotest.User{})
	prove := func(password string) (step, map[string]string) {
		a := &attempt{client: srp.NewClient()}
		_, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob", "CHALLENGE_NAME", "SRP_A")
		refused(t, err, badParameter, "Missing required parameter SRP_A")
		asked, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob", "CHALLENGE_NAME", "SRP_A", "SRP_A", a.client.PublicKey())
		require.NoError(t, err)
		assert.Equal(t, "PASSWORD_VERIFIER", asked.ChallengeName)
		assert.NotEmpty(t, asked.Session)
		a.params = asked.ChallengeParameters
		return asked, f.answer(a, password, f.Now())
	}
	asked, answer := prove(password + "x")
	_, err := f.respond("PASSWORD_VERIFIER", asked.Session, answer)
	refused(t, err, notAuthorized, wrongPassword)

	asked, answer = prove(password)
	_, err = f.respond("PASSWORD_VERIFIER", "", answer)
	refused(t, err, badParameter, "Missing required parameter Session")
	other, _ := prove(password)
	_, err = f.respond("PASSWORD_VERIFIER", other.Session, answer)
	refused(t, err, notAuthorized, badSession)
	out, err := f.respond("PASSWORD_VERIFIER", asked.Session, answer)
	require.NoError(t, err)
	assert.Equal(t, "CUSTOM_CHALLENGE", string(out.ChallengeName))
	_, err = f.respond("PASSWORD_VERIFIER", asked.Session, answer)
	refused(t, err, notAuthorized, spentSession)
	f.mustGoOn("CUSTOM_CHALLENGE", *out.Session, "ANSWER", "42")
}

func TestCustomChallengeWithMFA(t *testing.T) {
	t.Parallel()
	triggers := riddle()
	triggers.DefineAuthChallenge = func(e *cognitotest.DefineAuthChallengeEvent) error {
		if e.IssueTokens = len(e.Session) == 1 && e.Session[0] == (cognitotest.ChallengeResult{Name: "SOFTWARE_TOKEN_MFA", Passed: true}); !e.IssueTokens {
			e.ChallengeName = "SOFTWARE_TOKEN_MFA"
		}
		return nil
	}
	f := newFlows(t, cognitotest.Config{Triggers: triggers}, cognitotest.User{TOTPSecret: totpSecret})
	asked, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob")
	require.NoError(t, err)
	f.mustGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "SOFTWARE_TOKEN_MFA_CODE", f.TOTP("bob"))
	_, err = f.begin("CUSTOM_AUTH", "USERNAME", "ana")
	refused(t, err, "InvalidLambdaResponseException", "Invalid lambda trigger response: no challenge SOFTWARE_TOKEN_MFA")
}

func TestCustomChallengeOnADevice(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Triggers: riddle(), Devices: tracking(true, false)}, cognitotest.User{})
	d, _ := f.confirmDevice(f.mustBegin())
	asked, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob", "DEVICE_KEY", d.key)
	require.NoError(t, err)
	f.refusesAnswer("CUSTOM_CHALLENGE", asked.Session, "ResourceNotFoundException", noDevice, "ANSWER", "42", "DEVICE_KEY", "us-east-1_0")
	f.proveDevice(f.mustGoOn("CUSTOM_CHALLENGE", asked.Session, "ANSWER", "42", "DEVICE_KEY", d.key), d)
}

func TestCustomChallengeHidesUsers(t *testing.T) {
	t.Parallel()
	c := everyFlow()
	c.PreventUserExistenceErrors = true
	var missing []bool
	triggers := riddle()
	define := triggers.DefineAuthChallenge
	triggers.DefineAuthChallenge = func(e *cognitotest.DefineAuthChallengeEvent) error {
		missing = append(missing, e.UserNotFound)
		return define(e)
	}
	f := newFlows(t, cognitotest.Config{Triggers: triggers, Clients: []cognitotest.Client{c}}, cognitotest.User{})
	asked, err := f.begin("CUSTOM_AUTH", "USERNAME", "nobody")
	require.NoError(t, err)
	name := asked.ChallengeParameters["USERNAME"]
	assert.Len(t, name, 36)
	for i := range 3 {
		asked, err = f.goOn("CUSTOM_CHALLENGE", asked.Session, "USERNAME", name, "ANSWER", "42")
		assert.Equal(t, i == 2, err != nil)
	}
	refused(t, err, notAuthorized, wrongPassword)
	assert.Equal(t, []bool{true, true, true, true}, missing)

	open := newFlows(t, cognitotest.Config{Triggers: riddle()}, cognitotest.User{})
	_, err = open.begin("CUSTOM_AUTH", "USERNAME", "nobody")
	refused(t, err, "UserNotFoundException", noUser)
	// Even a trigger that lets everybody in lets in nobody who does not exist.
	triggers.DefineAuthChallenge = func(e *cognitotest.DefineAuthChallengeEvent) error { e.IssueTokens = true; return nil }
	lax := newFlows(t, cognitotest.Config{Triggers: triggers, Clients: []cognitotest.Client{c}}, cognitotest.User{})
	_, err = lax.begin("CUSTOM_AUTH", "USERNAME", "nobody")
	refused(t, err, notAuthorized, wrongPassword)
}

func TestCustomTriggersFail(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*cognitotest.Triggers){
		"DefineAuthChallenge": func(tr *cognitotest.Triggers) {
			tr.DefineAuthChallenge = func(*cognitotest.DefineAuthChallengeEvent) error { return errors.New("no luck") }
		},
		"CreateAuthChallenge": func(tr *cognitotest.Triggers) {
			tr.CreateAuthChallenge = func(*cognitotest.CreateAuthChallengeEvent) error { return errors.New("no luck") }
		},
		"VerifyAuthChallengeResponse": func(tr *cognitotest.Triggers) {
			tr.VerifyAuthChallenge = func(*cognitotest.VerifyAuthChallengeEvent) error { return errors.New("no luck") }
		},
	} {
		triggers := riddle()
		spoil(&triggers)
		f := newFlows(t, cognitotest.Config{Triggers: triggers}, cognitotest.User{})
		asked, err := f.begin("CUSTOM_AUTH", "USERNAME", "bob")
		if err == nil {
			_, err = f.goOn("CUSTOM_CHALLENGE", asked.Session, "USERNAME", "bob", "ANSWER", "42")
		}
		refused(t, err, "UserLambdaValidationException", name+" failed with error no luck.")
	}
}
