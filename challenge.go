package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// What a sign-in still asks for, matched with [errors.Is] against a [*ChallengeError].
var (
	// ErrMFARequired: any second factor: a code by SMS, e-mail or an authenticator app, or the choice of one.
	ErrMFARequired = errors.New("a second factor is required")
	// ErrSMSMFARequired: SMS_MFA, the code that was sent by SMS.
	ErrSMSMFARequired = errors.New("the SMS code is required")
	// ErrSoftwareTokenMFARequired: SOFTWARE_TOKEN_MFA, the code of an authenticator app.
	ErrSoftwareTokenMFARequired = errors.New("the authenticator app's code is required")
	// ErrEmailOTPRequired: EMAIL_OTP, the code that was sent by e-mail.
	ErrEmailOTPRequired = errors.New("the e-mail code is required")
	// ErrSMSOTPRequired: SMS_OTP, the one-time password that was sent by SMS as the first factor.
	ErrSMSOTPRequired = errors.New("the SMS one-time password is required")
	// ErrMFASetupRequired: MFA_SETUP, the user must set up a second factor first.
	ErrMFASetupRequired = errors.New("a second factor must be set up")
	// ErrSelectMFATypeRequired: SELECT_MFA_TYPE, the user must choose a second factor.
	ErrSelectMFATypeRequired = errors.New("a second factor must be chosen")
	// ErrNewPasswordRequired: NEW_PASSWORD_REQUIRED, the password is temporary.
	ErrNewPasswordRequired = errors.New("a new password is required")
	// ErrCustomChallengeRequired: CUSTOM_CHALLENGE, whatever the pool's Lambda functions ask.
	ErrCustomChallengeRequired = errors.New("a custom challenge must be answered")
	// ErrSelectChallengeRequired: SELECT_CHALLENGE, the user must choose a first factor.
	ErrSelectChallengeRequired = errors.New("a first factor must be chosen")
	// ErrWebAuthnRequired: WEB_AUTHN, a passkey must sign.
	ErrWebAuthnRequired = errors.New("a passkey is required")
)

// challengeReasons says which of the errors above each challenge answers to.
var challengeReasons = map[types.ChallengeNameType][]error{
	types.ChallengeNameTypeSmsMfa:              {ErrMFARequired, ErrSMSMFARequired},
	types.ChallengeNameTypeSoftwareTokenMfa:    {ErrMFARequired, ErrSoftwareTokenMFARequired},
	types.ChallengeNameTypeEmailOtp:            {ErrMFARequired, ErrEmailOTPRequired},
	types.ChallengeNameTypeSelectMfaType:       {ErrMFARequired, ErrSelectMFATypeRequired},
	types.ChallengeNameTypeSmsOtp:              {ErrSMSOTPRequired},
	types.ChallengeNameTypeMfaSetup:            {ErrMFASetupRequired},
	types.ChallengeNameTypeNewPasswordRequired: {ErrNewPasswordRequired},
	types.ChallengeNameTypeCustomChallenge:     {ErrCustomChallengeRequired},
	types.ChallengeNameTypeSelectChallenge:     {ErrSelectChallengeRequired},
	types.ChallengeNameTypeWebAuthn:            {ErrWebAuthnRequired},
}

// Challenge is what the pool asks for before it signs a user in, and all the state needed to answer it. It
// survives as JSON: another process can take it up with [WithChallenge]. It holds no password and no client,
// but whoever has it can go on with the sign-in, so store it where the user cannot change it and others cannot
// read it. Printed or logged it shows no session; only its JSON does.
type Challenge struct {
	// Name is the challenge, for example SOFTWARE_TOKEN_MFA. Names that the SDK does not know yet pass through.
	Name types.ChallengeNameType `json:"name"`
	// Session goes into the answer, once. The service may give none.
	Session string `json:"session,omitempty"`
	// Username is the name that the answer is for, as the service knows the user: after a sign-in with an
	// e-mail address it is not what the user typed.
	Username string `json:"username"`
	// Parameters are the challenge's own, for example CODE_DELIVERY_DESTINATION.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Available are the first factors that the pool offered with SELECT_CHALLENGE; see [Challenge.Options].
	Available []types.ChallengeNameType `json:"available,omitempty"`
	// Admin says that the sign-in was begun by [Cognito.AdminAuthenticate], so that the answer goes by
	// AdminRespondToAuthChallenge, which needs AWS credentials.
	Admin bool `json:"admin,omitempty"`
}

// Format prints the challenge without its session and parameters, whatever the verb.
func (ch Challenge) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Challenge{"+clip(string(ch.Name))+" for "+clip(ch.Username)+"}")
}

// LogValue logs the challenge's name and user, without its session and parameters.
func (ch Challenge) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", clip(string(ch.Name))), slog.String("username", clip(ch.Username)))
}

// clone copies the challenge, so that neither side sees what the other does to the parameters and factors.
func (ch Challenge) clone() Challenge {
	ch.Parameters, ch.Available = maps.Clone(ch.Parameters), slices.Clone(ch.Available)
	return ch
}

// ChallengeError says that the sign-in is not finished: the pool asks for something more. It is control flow
// more than failure: answer the challenge and go on. It matches the errors above with [errors.Is].
type ChallengeError struct {
	// Challenge is what to answer.
	Challenge Challenge
}

// Error names the challenge, never its session.
func (e *ChallengeError) Error() string {
	return "cognito: the sign-in goes on with the challenge " + clip(string(e.Challenge.Name))
}

// Is reports whether target is one of the errors that stand for the challenge.
func (e *ChallengeError) Is(target error) bool {
	return slices.Contains(challengeReasons[e.Challenge.Name], target)
}

// Format prints the text of the error, whatever the verb.
func (e ChallengeError) Format(f fmt.State, verb rune) { printError(f, verb, &e) }

// LogValue logs the challenge's name and user.
func (e ChallengeError) LogValue() slog.Value { return e.Challenge.LogValue() }

// Answer is the answer to a challenge in the service's own keys: SMS_MFA_CODE, NEW_PASSWORD, ANSWER and so on.
// USERNAME, SECRET_HASH, DEVICE_KEY and the session are added to it.
//
// Printed or logged it shows its keys and no value.
type Answer map[string]string

// Format prints the keys of the answer, whatever the verb.
func (a Answer) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Answer{"+strings.Join(slices.Sorted(maps.Keys(a)), ", ")+"}")
}

// LogValue logs the keys of the answer.
func (a Answer) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// ChallengeHandler answers a challenge in place of the caller; see [WithChallengeHandler]. It may ask a user, and
// should return when ctx is done, but must not answer by the session's own methods. A nil Answer leaves the challenge
// to the caller, as a [*ChallengeError]; an error ends the call with it. It may be called from several goroutines.
type ChallengeHandler func(ctx context.Context, ch Challenge) (Answer, error)

// Challenge returns the challenge that the session's sign-in waits for; ok is false when there is none.
func (c *Cognito) Challenge() (ch Challenge, ok bool) {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.session.challenge == nil {
		return Challenge{}, false
	}
	return c.session.challenge.clone(), true
}
