package cognitotest_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// What the triggers are told, and in what order they are called.
func TestTriggersOfASignIn(t *testing.T) {
	t.Parallel()
	var events []cognitotest.TriggerEvent
	note := func(e *cognitotest.TriggerEvent) error { events = append(events, *e); return nil }
	f := newFlows(t, cognitotest.Config{Triggers: cognitotest.Triggers{
		PreAuthentication: note, PostAuthentication: note,
		PreTokenGeneration: func(e *cognitotest.PreTokenGenerationEvent) error { return note(&e.TriggerEvent) },
	}}, cognitotest.User{Sub: "11111111-2222-4333-8444-555555555555", Attributes: map[string]string{"email": "bob@example.com"}})
	out, err := f.step("InitiateAuth", members{
		"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": clientID, "ClientMetadata": map[string]string{"from": "test"},
		"AuthParameters": map[string]string{"USERNAME": "bob", "PASSWORD": password},
	})
	require.NoError(t, err)
	require.Len(t, events, 3)
	for i, source := range []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"} {
		assert.Equal(t, cognitotest.TriggerEvent{
			Source: source, UserPoolID: f.UserPoolID, ClientID: clientID, Username: "bob", ClientMetadata: map[string]string{"from": "test"},
			Attributes: map[string]string{
				"sub": "11111111-2222-4333-8444-555555555555", "email": "bob@example.com", "cognito:user_status": "CONFIRMED",
			},
		}, events[i])
	}
	events[0].Attributes["email"] = "changed"
	_, got := f.user("bob")
	assert.Equal(t, "bob@example.com", got["email"], "a trigger has a copy")

	f.must("GetTokensFromRefreshToken", members{
		"ClientId": clientID, "RefreshToken": out.AuthenticationResult.RefreshToken, "ClientMetadata": map[string]string{"from": "refresh"},
	})
	require.Len(t, events, 4)
	assert.Equal(t, "TokenGeneration_RefreshTokens", events[3].Source)
	assert.Equal(t, map[string]string{"from": "refresh"}, events[3].ClientMetadata)

	events = nil
	_, err = f.byPassword("bob", password+"x")
	refused(t, err, notAuthorized, wrongPassword)
	require.Len(t, events, 1, "the last two know who is signed in")
}

func TestTriggersRefuse(t *testing.T) {
	t.Parallel()
	no := func(*cognitotest.TriggerEvent) error { return errors.New("not today") }
	for name, triggers := range map[string]cognitotest.Triggers{
		"PreAuthentication":  {PreAuthentication: no},
		"PostAuthentication": {PostAuthentication: no},
		"PreTokenGeneration": {PreTokenGeneration: func(e *cognitotest.PreTokenGenerationEvent) error { return no(&e.TriggerEvent) }},
	} {
		f := newFlows(t, cognitotest.Config{Triggers: triggers}, cognitotest.User{})
		_, err := f.byPassword("bob", password)
		refused(t, err, "UserLambdaValidationException", name+" failed with error not today.")
		_, err = f.bySRP("bob", password)
		refused(t, err, "UserLambdaValidationException", name+" failed with error not today.")
	}
}

func TestSourcesOfTokens(t *testing.T) {
	t.Parallel()
	var source string
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false), Triggers: cognitotest.Triggers{
		PreTokenGeneration: func(e *cognitotest.PreTokenGenerationEvent) error { source = e.Source; return nil },
	}}, cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"})
	signedIn := f.mustGoOn("NEW_PASSWORD_REQUIRED", f.mustBegin().Session, "NEW_PASSWORD", password)
	assert.Equal(t, "TokenGeneration_NewPasswordChallenge", source)
	d, _ := f.confirmDevice(signedIn)
	f.proveDevice(f.mustBegin("DEVICE_KEY", d.key), d)
	assert.Equal(t, "TokenGeneration_AuthenticateDevice", source)
}

func TestPreTokenGeneration(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Triggers: cognitotest.Triggers{
		PreTokenGeneration: func(e *cognitotest.PreTokenGenerationEvent) error {
			e.Groups = append(e.Groups, "added")
			e.ID.Set, e.ID.Remove = map[string]any{"plan": "gold", "sub": "forged"}, []string{"email", "iss"}
			e.Access.Set = map[string]any{"tenant": 7, "exp": 1, "scope": "aws.cognito.signin.user.admin more"}
			return nil
		},
	}}, cognitotest.User{Groups: []string{"readers"}, Attributes: map[string]string{"email": "bob@example.com"}})
	tokens := f.mustBegin().AuthenticationResult
	id, access := claims(t, tokens.IDToken), claims(t, tokens.AccessToken)
	assert.Equal(t, []any{"readers", "added"}, id["cognito:groups"])
	assert.Equal(t, []any{"readers", "added"}, access["cognito:groups"])
	assert.Equal(t, "gold", id["plan"])
	assert.NotContains(t, id, "email")
	assert.NotEqual(t, "forged", id["sub"])
	assert.Equal(t, f.Issuer(), id["iss"])
	assert.InDelta(t, 7, access["tenant"], 0)
	assert.Greater(t, access["exp"], 1.0)
	assert.Equal(t, "aws.cognito.signin.user.admin more", access["scope"])
	assert.NotContains(t, access, "plan")
}

func TestTriggersOfASignUp(t *testing.T) {
	t.Parallel()
	var confirmed []string
	cfg := cognitotest.Config{Triggers: cognitotest.Triggers{
		PreSignUp: func(e *cognitotest.PreSignUpEvent) error {
			assert.Equal(t, "PreSignUp_SignUp", e.Source)
			assert.False(t, e.UserNotFound)
			switch e.ValidationData["kind"] {
			case "robot":
				return errors.New("no robots")
			case "friend":
				assert.Equal(t, map[string]string{"email": "friend@example.com"}, e.Attributes)
				e.AutoConfirmUser, e.AutoVerifyEmail = true, true
			}
			return nil
		},
		PostConfirmation: func(e *cognitotest.TriggerEvent) error {
			assert.Equal(t, "PostConfirmation_ConfirmSignUp", e.Source)
			confirmed = append(confirmed, e.Username+" "+e.Attributes["cognito:user_status"])
			return nil
		},
	}}
	f := newFlows(t, cfg, cognitotest.User{})
	in := func(name, kind string) members {
		return members{
			"ClientId": clientID, "Username": name, "Password": password, "UserAttributes": attributes("email", name+"@example.com"),
			"ValidationData": attributes("kind", kind),
		}
	}
	f.refuses("SignUp", in("robot", "robot"), "UserLambdaValidationException", "PreSignUp failed with error no robots.")
	f.refuses("AdminGetUser", members{"Username": "robot"}, "UserNotFoundException", noUser)
	out := f.must("SignUp", in("friend", "friend"))
	assert.Equal(t, true, out["UserConfirmed"])
	assert.NotContains(t, out, "CodeDeliveryDetails")
	_, got := f.user("friend")
	assert.Equal(t, "true", got["email_verified"])
	signedIn, err := f.step("InitiateAuth", members{
		"AuthFlow": "USER_AUTH", "ClientId": clientID, "Session": out["Session"], "AuthParameters": map[string]string{"USERNAME": "friend"},
	})
	require.NoError(t, err)
	assert.NotNil(t, signedIn.AuthenticationResult)

	out = f.must("SignUp", in("guest", "guest"))
	assert.Equal(t, false, out["UserConfirmed"])
	f.must("ConfirmSignUp", members{"ClientId": clientID, "Username": "guest", "ConfirmationCode": f.Code("guest")})
	assert.Equal(t, []string{"friend CONFIRMED", "guest CONFIRMED"}, confirmed)
}

func TestUserMigration(t *testing.T) {
	t.Parallel()
	var asked []string
	f := newFlows(t, cognitotest.Config{Triggers: cognitotest.Triggers{
		UserMigration: func(e *cognitotest.UserMigrationEvent) error {
			asked = append(asked, e.Source+" "+e.Username)
			if e.Username == "cursed" {
				return errors.New("no way")
			}
			e.Found = e.Username != "nobody" && e.Password == "Former-Horse-3"
			e.NewAttributes = map[string]string{"email": e.Username + "@example.com", "email_verified": "true"}
			if e.Username == "kept" {
				e.Status = "CONFIRMED"
			}
			return nil
		},
	}}, cognitotest.User{})
	_, err := f.byPassword("kept", "x")
	refused(t, err, "UserNotFoundException", noUser)
	_, err = f.byPassword("kept", "Former-Horse-3")
	require.NoError(t, err)
	_, got := f.user("kept")
	assert.Equal(t, "kept@example.com", got["email"])
	_, err = f.bySRP("kept", "Former-Horse-3")
	require.NoError(t, err)
	_, err = f.byPassword("other", "Former-Horse-3")
	refused(t, err, "PasswordResetRequiredException", "Password reset required for the user")
	_, err = f.byPassword("cursed", "Former-Horse-3")
	refused(t, err, "UserLambdaValidationException", "UserMigration failed with error no way.")
	_, err = f.bySRP("nobody", "Former-Horse-3")
	refused(t, err, "UserNotFoundException", noUser)
	_, err = f.byPassword("bob", password+"x")
	refused(t, err, notAuthorized, wrongPassword)
	assert.Equal(t, []string{
		"UserMigration_Authentication kept", "UserMigration_Authentication kept", "UserMigration_Authentication other", "UserMigration_Authentication cursed",
	}, asked)
}

// A user of the former directory who has forgotten the password gets a code from this pool.
func TestUserMigrationForgotPassword(t *testing.T) {
	t.Parallel()
	for _, hidden := range []bool{false, true} {
		t.Run(fmt.Sprintf("hidden %t", hidden), func(t *testing.T) {
			t.Parallel()
			var asked []string
			f := newFlows(t, cognitotest.Config{
				Clients: []cognitotest.Client{{ID: clientID, PreventUserExistenceErrors: hidden}},
				Triggers: cognitotest.Triggers{UserMigration: func(e *cognitotest.UserMigrationEvent) error {
					asked = append(asked, e.Source+" "+e.Username+" "+e.Password+" "+e.ClientMetadata["from"])
					if e.Username == "cursed" {
						return errors.New("no way")
					}
					e.Found = e.Username == "kept" || e.Username == "mute"
					e.NewAttributes = map[string]string{"email": "kept@example.com", "email_verified": strconv.FormatBool(e.Username == "kept")}
					return nil
				}},
			}, cognitotest.User{})
			forgot := func(name string) (members, error) {
				return f.call("ForgotPassword", members{
					"ClientId": clientID, "Username": name, "ClientMetadata": members{"from": "page"},
				})
			}
			_, err := forgot("cursed")
			refused(t, err, "UserLambdaValidationException", "UserMigration failed with error no way.")
			_, err = forgot("nobody")
			if hidden {
				require.NoError(t, err)
			} else {
				refused(t, err, "UserNotFoundException", "Username/client id combination not found.")
			}
			assert.Empty(t, f.Code("nobody"))

			_, err = forgot("kept")
			require.NoError(t, err)
			out, _ := f.user("kept")
			assert.Equal(t, "RESET_REQUIRED", out["UserStatus"])
			_, err = forgot("kept") // is in the pool by now
			require.NoError(t, err)
			f.must("ConfirmForgotPassword", members{
				"ClientId": clientID, "Username": "kept", "ConfirmationCode": f.Code("kept"), "Password": "Latter-Horse-4",
			})
			out, _ = f.user("kept")
			assert.Equal(t, "CONFIRMED", out["UserStatus"])
			_, err = f.bySRP("kept", "Latter-Horse-4")
			require.NoError(t, err)

			_, err = forgot("mute")
			refused(t, err, "InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number")
			const source = "UserMigration_ForgotPassword "
			assert.Equal(t, []string{source + "cursed  page", source + "nobody  page", source + "kept  page", source + "mute  page"}, asked)
		})
	}
}

// An event may hold a password, an answer or a client's metadata: none of it is printed.
func TestEventsPrintNoSecrets(t *testing.T) {
	t.Parallel()
	const hush = "hush-hush"
	event := cognitotest.TriggerEvent{
		Source: "Source", Username: "bob", ClientMetadata: map[string]string{"k": hush}, Attributes: map[string]string{"k": hush},
	}
	for _, v := range []any{
		event,
		&event,
		cognitotest.UserMigrationEvent{TriggerEvent: event, Password: hush},
		&cognitotest.VerifyAuthChallengeEvent{TriggerEvent: event, Answer: hush, PrivateParameters: map[string]string{"k": hush}},
		cognitotest.CreateAuthChallengeEvent{TriggerEvent: event, PrivateParameters: map[string]string{"k": hush}},
		cognitotest.PreSignUpEvent{TriggerEvent: event, ValidationData: map[string]string{"k": hush}},
		cognitotest.DefineAuthChallengeEvent{TriggerEvent: event},
		cognitotest.PreTokenGenerationEvent{TriggerEvent: event},
	} {
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", slog.Any("v", v))
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("v", v))
		printed := fmt.Sprintf("%v %+v %#v %s %q %x", v, v, v, v, v, v) + log.String()
		assert.NotContains(t, printed, hush)
		assert.Contains(t, printed, "TriggerEvent{Source bob}")
	}
	user := cognitotest.User{Username: "bob", TOTPSecret: hush}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", user, user, user), hush)
}
