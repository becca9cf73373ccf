package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// These are the reasons why a sign-in is not finished. Match them with [errors.Is] against a
// [*ChallengeError].
var (
	// ErrMFARequired means that the pool asks for any second factor: a code sent by SMS or e-mail
	// or shown by an authenticator app, or the choice of one.
	ErrMFARequired = errors.New("a second factor is required")
	// ErrSMSMFARequired means SMS_MFA: the pool asks for the code that was sent by SMS.
	ErrSMSMFARequired = errors.New("the SMS code is required")
	// ErrSoftwareTokenMFARequired means SOFTWARE_TOKEN_MFA: the pool asks for the code of an
	// authenticator app.
	ErrSoftwareTokenMFARequired = errors.New("the authenticator app's code is required")
	// ErrEmailOTPRequired means EMAIL_OTP: the pool asks for the code that was sent by e-mail.
	ErrEmailOTPRequired = errors.New("the e-mail code is required")
	// ErrSMSOTPRequired means SMS_OTP: the pool asks for the one-time password that was sent by SMS
	// as the first factor.
	ErrSMSOTPRequired = errors.New("the SMS one-time password is required")
	// ErrMFASetupRequired means MFA_SETUP: the user must set up a second factor first.
	ErrMFASetupRequired = errors.New("a second factor must be set up")
	// ErrSelectMFATypeRequired means SELECT_MFA_TYPE: the user must choose a second factor.
	ErrSelectMFATypeRequired = errors.New("a second factor must be chosen")
	// ErrNewPasswordRequired means NEW_PASSWORD_REQUIRED: the password is temporary.
	ErrNewPasswordRequired = errors.New("a new password is required")
	// ErrCustomChallengeRequired means CUSTOM_CHALLENGE: the pool's Lambda functions ask a question
	// of their own.
	ErrCustomChallengeRequired = errors.New("a custom challenge must be answered")
	// ErrSelectChallengeRequired means SELECT_CHALLENGE: the user must choose a first factor.
	ErrSelectChallengeRequired = errors.New("a first factor must be chosen")
	// ErrWebAuthnRequired means WEB_AUTHN: a passkey must sign.
	ErrWebAuthnRequired = errors.New("a passkey is required")
)

// ChallengeName is the name of a challenge or a factor. It is the SDK's type.
type ChallengeName = types.ChallengeNameType

// These are the names of challenges. Some also name factors: see [FirstFactor],
// [Cognito.SelectChallenge] and [Cognito.SelectMFAType].
const (
	ChallengeSMSMFA                 ChallengeName = "SMS_MFA"
	ChallengeSoftwareTokenMFA       ChallengeName = "SOFTWARE_TOKEN_MFA"
	ChallengeEmailOTP               ChallengeName = "EMAIL_OTP"
	ChallengeSMSOTP                 ChallengeName = "SMS_OTP"
	ChallengeWebAuthn               ChallengeName = "WEB_AUTHN"
	ChallengePassword               ChallengeName = "PASSWORD"
	ChallengePasswordSRP            ChallengeName = "PASSWORD_SRP"
	ChallengeMFASetup               ChallengeName = "MFA_SETUP"
	ChallengeSelectMFAType          ChallengeName = "SELECT_MFA_TYPE"
	ChallengeSelectChallenge        ChallengeName = "SELECT_CHALLENGE"
	ChallengeNewPasswordRequired    ChallengeName = "NEW_PASSWORD_REQUIRED"
	ChallengeCustomChallenge        ChallengeName = "CUSTOM_CHALLENGE"
	ChallengePasswordVerifier       ChallengeName = "PASSWORD_VERIFIER"
	ChallengeDeviceSRPAuth          ChallengeName = "DEVICE_SRP_AUTH"
	ChallengeDevicePasswordVerifier ChallengeName = "DEVICE_PASSWORD_VERIFIER"
	ChallengeAdminNoSRPAuth         ChallengeName = "ADMIN_NO_SRP_AUTH"
)

// challengeReasons maps each challenge to the errors that match it.
var challengeReasons = map[ChallengeName][]error{
	ChallengeSMSMFA:              {ErrMFARequired, ErrSMSMFARequired},
	ChallengeSoftwareTokenMFA:    {ErrMFARequired, ErrSoftwareTokenMFARequired},
	ChallengeEmailOTP:            {ErrMFARequired, ErrEmailOTPRequired},
	ChallengeSelectMFAType:       {ErrMFARequired, ErrSelectMFATypeRequired},
	ChallengeSMSOTP:              {ErrSMSOTPRequired},
	ChallengeMFASetup:            {ErrMFASetupRequired},
	ChallengeNewPasswordRequired: {ErrNewPasswordRequired},
	ChallengeCustomChallenge:     {ErrCustomChallengeRequired},
	ChallengeSelectChallenge:     {ErrSelectChallengeRequired},
	ChallengeWebAuthn:            {ErrWebAuthnRequired},
}

// Challenge is a question of the pool that must be answered before a user is signed in. It holds
// all the state needed to answer: store it as JSON, and another process can continue with
// [WithChallenge]. It holds no password and no client, but whoever has it can continue the sign-in,
// so store it where the user cannot change it and others cannot read it. Printed or logged, it
// shows no session; only its JSON does.
type Challenge struct {
	// Name is the challenge, for example SOFTWARE_TOKEN_MFA. It may be a name that the SDK does not
	// know.
	Name ChallengeName `json:"name"`
	// Session is the service's token for the answer. It can be used once. It may be empty.
	Session string `json:"session,omitempty"`
	// Username is the service's name for the user. After a sign-in with an e-mail address it is not
	// what the user typed.
	Username string `json:"username"`
	// Parameters are the parameters of the challenge, for example CODE_DELIVERY_DESTINATION.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Available are the first factors that the pool offered with SELECT_CHALLENGE; see
	// [Challenge.Options].
	Available []ChallengeName `json:"available,omitempty"`
	// Admin reports that [Cognito.AdminAuthenticate] started the sign-in. The answer then uses
	// AdminRespondToAuthChallenge, which needs AWS credentials.
	Admin bool `json:"admin,omitempty"`
	// TargetACR are levels of authentication. The sign-in must reach one of them. It is nil if any
	// level will do. See [TargetACR].
	TargetACR []string `json:"target_acr,omitempty"`
	// StepUp is the claim sub of the user who steps up. It is "" unless [Cognito.StepUp] started
	// the sign-in.
	StepUp string `json:"step_up,omitempty"`
	// Unproven reports that the sign-in proves the password with SRP and that the pool has not
	// asked for the proof yet. Tokens that the pool returns for the answer to such a challenge are
	// rejected.
	Unproven bool `json:"unproven,omitempty"`
}

// Format prints the challenge without its session and parameters, for every verb.
func (ch Challenge) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Challenge{"+clip(string(ch.Name))+" for "+clip(ch.Username)+"}")
}

// LogValue returns the challenge's name and user, without its session and parameters.
func (ch Challenge) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", clip(string(ch.Name))), slog.String("username", clip(ch.Username)))
}

// clone returns a deep copy of the challenge.
func (ch Challenge) clone() Challenge {
	ch.Parameters, ch.Available = maps.Clone(ch.Parameters), slices.Clone(ch.Available)
	ch.TargetACR = slices.Clone(ch.TargetACR)
	return ch
}

// ChallengeError means that the sign-in is not finished, because the pool asks for more. Answer the
// challenge to continue. It matches errors such as [ErrMFARequired] with [errors.Is].
type ChallengeError struct {
	// Challenge is the challenge to answer.
	Challenge Challenge
}

// Error returns a text with the name of the challenge, without its session.
func (e *ChallengeError) Error() string {
	return "cognito: sign-in requires challenge " + clip(string(e.Challenge.Name))
}

// Is reports whether target is an error that matches the challenge.
func (e *ChallengeError) Is(target error) bool {
	return slices.Contains(challengeReasons[e.Challenge.Name], target)
}

// Format prints the text of the error, for every verb.
func (e ChallengeError) Format(f fmt.State, verb rune) { printError(f, verb, &e) }

// MarshalJSON encodes the challenge's name and user without its session, because errors are logged.
// To store the challenge, marshal the Challenge field.
func (e ChallengeError) MarshalJSON() ([]byte, error) {
	challenge := map[string]string{"name": clip(string(e.Challenge.Name)), "username": clip(e.Challenge.Username)}
	return json.Marshal(map[string]any{"error": e.Error(), "challenge": challenge})
}

// LogValue returns the challenge's name and user.
func (e ChallengeError) LogValue() slog.Value { return e.Challenge.LogValue() }

// Answer is the answer to a challenge, with the service's keys: SMS_MFA_CODE, NEW_PASSWORD, ANSWER
// and so on. The package adds USERNAME, SECRET_HASH, DEVICE_KEY and the session. Printed or logged,
// it shows its keys and no value.
type Answer map[string]string

// Format prints the keys of the answer, for every verb.
func (a Answer) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Answer{"+strings.Join(slices.Sorted(maps.Keys(a)), ", ")+"}")
}

// LogValue returns the keys of the answer.
func (a Answer) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// ChallengeHandler answers a challenge in place of the caller; see [WithChallengeHandler]. It may
// ask a user. It should return when ctx is done. It must not call the session's own methods to
// answer. If it returns a nil Answer, the caller gets the challenge as a [*ChallengeError]. If it
// returns an error, so does the call. It may be called from several goroutines.
type ChallengeHandler func(ctx context.Context, ch Challenge) (Answer, error)

// Challenge returns the pending challenge of the session's sign-in. ok is false if there is none.
func (c *Cognito) Challenge() (ch Challenge, ok bool) {
	if pending := c.session.current().challenge; pending != nil {
		return pending.clone(), true
	}
	return Challenge{}, false
}

// Delivery returns where the code of SMS_MFA, EMAIL_OTP or SMS_OTP was sent, or nil if the
// challenge does not say. It does not include the name of the attribute that holds the address.
func (ch Challenge) Delivery() *CodeDelivery {
	medium, destination := ch.Parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], ch.Parameters["CODE_DELIVERY_DESTINATION"]
	if medium == "" && destination == "" {
		return nil
	}
	return &CodeDelivery{Medium: types.DeliveryMediumType(medium), Destination: destination}
}

// Options returns the choices: the second factors of SELECT_MFA_TYPE, the first factors of
// SELECT_CHALLENGE, or the second factors that can be set up with MFA_SETUP. It returns nil if the
// challenge has none.
func (ch Challenge) Options() []ChallengeName {
	switch ch.Name {
	case ChallengeSelectChallenge:
		return slices.Clone(ch.Available)
	case ChallengeSelectMFAType:
		return parameterJSON[[]ChallengeName](ch, "MFAS_CAN_CHOOSE")
	case ChallengeMFASetup:
		return parameterJSON[[]ChallengeName](ch, "MFAS_CAN_SETUP")
	default:
		return nil
	}
}

// RequiredAttributes returns the names of the attributes that NEW_PASSWORD_REQUIRED requires, such
// as "given_name", or nil if there are none.
func (ch Challenge) RequiredAttributes() []string {
	if ch.Name != ChallengeNewPasswordRequired {
		return nil
	}
	var names []string
	for _, name := range parameterJSON[[]string](ch, "requiredAttributes") {
		names = append(names, strings.TrimPrefix(name, attributePrefix))
	}
	return names
}

// CurrentAttributes returns the attributes that the user of NEW_PASSWORD_REQUIRED has, or nil if
// the challenge does not say.
func (ch Challenge) CurrentAttributes() Attributes {
	if ch.Name != ChallengeNewPasswordRequired {
		return nil
	}
	return parameterJSON[Attributes](ch, "userAttributes")
}

// CredentialRequestOptions returns the PublicKeyCredentialRequestOptionsJSON of WEB_AUTHN, exactly
// as the service sent it. Pass it to the browser's navigator.credentials.get. It returns nil if
// there is none or it is not valid JSON.
func (ch Challenge) CredentialRequestOptions() json.RawMessage {
	options := json.RawMessage(ch.Parameters["CREDENTIAL_REQUEST_OPTIONS"])
	if !json.Valid(options) {
		return nil
	}
	return options
}

// DeviceName returns the name that the user gave the authenticator app of SOFTWARE_TOKEN_MFA, or
// "".
func (ch Challenge) DeviceName() string { return ch.Parameters["FRIENDLY_DEVICE_NAME"] }

// PublicParameters returns the parameters that the pool's Lambda function gave a CUSTOM_CHALLENGE
// for the user. It is empty if there are none.
func (ch Challenge) PublicParameters() map[string]string {
	public := maps.Clone(ch.Parameters)
	delete(public, keyUsername)
	delete(public, keyUserIDForSRP)
	return public
}

// parameterJSON decodes a parameter that is itself JSON. An unreadable parameter counts as absent,
// because the service decides what it accepts.
func parameterJSON[T any](ch Challenge, name string) T {
	var v T
	if err := json.Unmarshal([]byte(ch.Parameters[name]), &v); err != nil {
		var none T
		return none
	}
	return v
}

// Keys of answers to challenges.
const (
	keyAnswer     = "ANSWER"
	keyCredential = "CREDENTIAL"
	keyEmail      = "EMAIL"
)

// RespondToChallenge answers the pending challenge, whatever its name, with answers as [Answer]
// describes them. Use it for challenges that have no method of their own. It takes the options
// [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in, which is one that [Cognito.AdminAuthenticate] started.
//
// It returns nil once the user is signed in, and a [*ChallengeError] if the pool asks for more. A
// wrong code leaves the challenge pending. Common errors: [ErrNoChallenge] if nothing is pending,
// [ErrSessionExpired] if the challenge was used or has expired; it is no longer pending then. After
// [ErrDeviceRefused] the sign-in must start again. A request whose outcome is unknown is not
// retried.
//
// It calls RespondToAuthChallenge. In an administrator's sign-in it calls
// AdminRespondToAuthChallenge, which requires AWS credentials. A challenge can be answered only
// once, even by concurrent calls. All of this applies to the methods named after a challenge, too.
// They return an error that names the pending challenge if it is a different one.
func (c *Cognito) RespondToChallenge(ctx context.Context, answers map[string]string, opts ...CallOption) error {
	given := func(*signIn, Challenge) (Answer, error) { return answers, nil }
	return c.answerPending(ctx, "RespondToChallenge", opts, given)
}

// RespondToSMSMFAChallenge answers SMS_MFA with the code that was sent. It takes the options
// [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. See [Cognito.RespondToChallenge] for what it returns. Common errors:
// [ErrCodeMismatch].
func (c *Cognito) RespondToSMSMFAChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSMSMFAChallenge", ChallengeSMSMFA, code, opts)
}

// RespondToSoftwareTokenMFAChallenge answers SOFTWARE_TOKEN_MFA with the code that the user's
// authenticator app shows. It takes the options [ClientMetadata], [AnalyticsMetadata] and
// [UserContextData], or [ContextData] in an administrator's sign-in. See
// [Cognito.RespondToChallenge] for what it returns. Common errors: [ErrCodeMismatch], and
// [ErrCodeExpired] for a code that was used before.
func (c *Cognito) RespondToSoftwareTokenMFAChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSoftwareTokenMFAChallenge", ChallengeSoftwareTokenMFA, code, opts)
}

// RespondToEmailOTPChallenge answers EMAIL_OTP, as a first or second factor, with the code that was
// sent. It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or
// [ContextData] in an administrator's sign-in. See [Cognito.RespondToChallenge] for what it
// returns. Common errors: [ErrCodeMismatch].
func (c *Cognito) RespondToEmailOTPChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToEmailOTPChallenge", ChallengeEmailOTP, code, opts)
}

// RespondToSMSOTPChallenge answers SMS_OTP, the first factor, with the code that was sent. It takes
// the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. See [Cognito.RespondToChallenge] for what it returns. Common errors:
// [ErrCodeMismatch].
func (c *Cognito) RespondToSMSOTPChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSMSOTPChallenge", ChallengeSMSOTP, code, opts)
}

// RespondToNewPasswordChallenge answers NEW_PASSWORD_REQUIRED with the password that replaces the
// temporary one, and with attrs, which may be nil. It sends no other attributes. If attrs lacks an
// attribute that the pool requires (see [Challenge.RequiredAttributes]), it returns an error and
// makes no request. The service rejects an attribute that the user already has. It takes the
// options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. See [Cognito.RespondToChallenge] for what it returns. Common errors:
// [ErrInvalidPassword].
func (c *Cognito) RespondToNewPasswordChallenge(
	ctx context.Context, password string, attrs Attributes, opts ...CallOption,
) error {
	answer := &newPasswordAnswer{password, attrs}
	return c.answerPending(ctx, "RespondToNewPasswordChallenge", opts, func(_ *signIn, ch Challenge) (Answer, error) {
		return answer.answer(ch)
	}, ChallengeNewPasswordRequired)
}

// RespondToCustomChallenge answers CUSTOM_CHALLENGE. After a wrong answer the pool's Lambda
// functions may ask again, which is a new challenge, or give up. Then the error is
// [ErrInvalidCredentials] and no challenge is pending. It takes the options [ClientMetadata],
// [AnalyticsMetadata] and [UserContextData], or [ContextData] in an administrator's sign-in. See
// [Cognito.RespondToChallenge] for what it returns.
func (c *Cognito) RespondToCustomChallenge(ctx context.Context, answer string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToCustomChallenge", opts, func(*signIn, Challenge) (Answer, error) {
		if answer == "" {
			return nil, fieldError("answer", "want an answer, got none")
		}
		return Answer{keyAnswer: answer}, nil
	}, ChallengeCustomChallenge)
}

// RespondToPasswordChallenge answers PASSWORD and PASSWORD_SRP, with which a pool asks for the
// password after another factor was chosen, and ADMIN_NO_SRP_AUTH. With PASSWORD_SRP the password
// is proven, not sent. It takes the options [ClientMetadata], [AnalyticsMetadata] and
// [UserContextData], or [ContextData] in an administrator's sign-in. See
// [Cognito.RespondToChallenge] for what it returns. Common errors: [ErrInvalidCredentials].
func (c *Cognito) RespondToPasswordChallenge(ctx context.Context, password string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToPasswordChallenge", opts, func(s *signIn, ch Challenge) (Answer, error) {
		if password == "" {
			return nil, fieldError("password", "want a password, got none")
		}
		if s.username == "" {
			return nil, errNoUsername
		}
		return s.passwordParams(ch.Name == ChallengePasswordSRP, password, map[string]string{}), nil
	}, ChallengePassword, ChallengePasswordSRP, ChallengeAdminNoSRPAuth)
}

// RespondToWebAuthnChallenge answers WEB_AUTHN with the browser's response to
// [Challenge.CredentialRequestOptions]. credentialJSON is WebAuthn's AuthenticationResponseJSON,
// which is sent unchanged. It takes the options [ClientMetadata], [AnalyticsMetadata] and
// [UserContextData], or [ContextData] in an administrator's sign-in. See
// [Cognito.RespondToChallenge] for what it returns.
func (c *Cognito) RespondToWebAuthnChallenge(ctx context.Context, credentialJSON []byte, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToWebAuthnChallenge", opts, func(*signIn, Challenge) (Answer, error) {
		if err := checkCredential(credentialJSON); err != nil {
			return nil, err
		}
		return Answer{keyCredential: string(credentialJSON)}, nil
	}, ChallengeWebAuthn)
}

// checkCredential rejects a credential that is not a JSON object, so that no browser has made it.
func checkCredential(credentialJSON []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(credentialJSON, &object); err != nil || object == nil {
		return fieldError("credential", "want the browser's credential as a JSON object")
	}
	return nil
}

// SelectMFAType answers SELECT_MFA_TYPE with one of [Challenge.Options], such as
// SOFTWARE_TOKEN_MFA. The next challenge is the selected one. It takes the options
// [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. See [Cognito.RespondToChallenge] for what it returns.
func (c *Cognito) SelectMFAType(ctx context.Context, name ChallengeName, opts ...CallOption) error {
	return c.answerPending(ctx, "SelectMFAType", opts, func(_ *signIn, ch Challenge) (Answer, error) {
		if err := checkOption("name", name, ch.Options()); err != nil {
			return nil, err
		}
		return Answer{keyAnswer: string(name)}, nil
	}, ChallengeSelectMFAType)
}

// SelectChallenge answers SELECT_CHALLENGE with one of [Challenge.Options]. PASSWORD and
// PASSWORD_SRP require the option [Password]; another factor becomes the next challenge. It takes
// the options [Password], [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or
// [ContextData] in an administrator's sign-in. See [Cognito.RespondToChallenge] for what it
// returns.
func (c *Cognito) SelectChallenge(ctx context.Context, name ChallengeName, opts ...CallOption) error {
	return c.answerPending(ctx, "SelectChallenge", opts, func(s *signIn, ch Challenge) (Answer, error) {
		if err := checkOption("name", name, ch.Options()); err != nil {
			return nil, err
		}
		if err := checkFactor("option "+optPassword, name, s.call.password); err != nil {
			return nil, err
		}
		answer := map[string]string{keyAnswer: string(name)}
		return s.passwordParams(name == ChallengePasswordSRP, s.call.password, answer), nil
	}, ChallengeSelectChallenge)
}

// optPassword is the name of the option Password.
const optPassword = "Password"

// Password sets the password that a selected first factor needs; see [Cognito.SelectChallenge].
func Password(password string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optPassword)
		o.password = password
	})
}

// checkOption rejects a choice that was not offered, if the offered ones are known.
func checkOption(field string, name ChallengeName, offered []ChallengeName) error {
	switch {
	case len(offered) > 0 && !slices.Contains(offered, name):
		return fieldError(field, fmt.Sprintf("want one of %s, got %s", clip(fmt.Sprint(offered)), quote(string(name))))
	case name == "":
		return fieldError(field, "want the name of a challenge, got none")
	default:
		return nil
	}
}

// newPasswordAnswer is the answer to NEW_PASSWORD_REQUIRED.
type newPasswordAnswer struct {
	password string
	attrs    Attributes
}

// attributePrefix is the prefix of attribute names in NEW_PASSWORD_REQUIRED.
const attributePrefix = "userAttributes."

func (n *newPasswordAnswer) answer(ch Challenge) (Answer, error) {
	if n.password == "" {
		return nil, fieldError("new password", "want a password, got none")
	}
	var missing []string
	for _, name := range ch.RequiredAttributes() {
		if n.attrs[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		list := clip(fmt.Sprint(missing))
		return nil, fieldError("attributes", "want "+list+", which the pool requires, got none")
	}
	answer := Answer{"NEW_PASSWORD": n.password}
	for name, value := range n.attrs {
		answer[attributePrefix+name] = value
	}
	return answer, nil
}

// codeKeys maps each challenge for a code to the key of the code in the answer.
var codeKeys = map[ChallengeName]string{
	ChallengeSMSMFA:           "SMS_MFA_CODE",
	ChallengeSoftwareTokenMFA: "SOFTWARE_TOKEN_MFA_CODE",
	ChallengeEmailOTP:         "EMAIL_OTP_CODE",
	ChallengeSMSOTP:           "SMS_OTP_CODE",
}

// withPlainCode returns the answer with its code, if any, normalized by plainCode. The answers of a
// handler and of RespondToChallenge may contain a code as the user typed it, too.
func (a Answer) withPlainCode(name ChallengeName) Answer {
	key := codeKeys[name]
	if a[key] == "" {
		return a
	}
	plain := maps.Clone(a)
	plain[key] = plainCode(a[key])
	return plain
}

func (c *Cognito) answerCode(ctx context.Context, op string, name ChallengeName, code string, opts []CallOption) error {
	return c.answerPending(ctx, op, opts, func(*signIn, Challenge) (Answer, error) {
		plain := plainCode(code)
		if plain == "" {
			return nil, errNoCode
		}
		return Answer{codeKeys[name]: plain}, nil
	}, name)
}

// answerPending answers the pending challenge with the result of answer. The challenge must be one
// of kinds if there are any.
func (c *Cognito) answerPending(
	ctx context.Context, op string, opts []CallOption,
	answer func(*signIn, Challenge) (Answer, error), kinds ...ChallengeName,
) error {
	s, ch, err := c.resume(op, opts, kinds)
	if err != nil {
		return wrapError(op, err)
	}
	answers, err := answer(s, ch)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.continueWith(ctx, ch, answers))
}

// resume prepares a sign-in that continues at the pending challenge. The challenge must be one of
// kinds if there are any.
func (c *Cognito) resume(op string, opts []CallOption, kinds []ChallengeName) (*signIn, Challenge, error) {
	st := c.session.current()
	if st.challenge == nil {
		return nil, Challenge{}, ErrNoChallenge
	}
	ch := st.challenge.clone()
	if len(kinds) > 0 && !slices.Contains(kinds, ch.Name) {
		got := clip(string(ch.Name))
		if got == "" {
			got = "one without a name"
		}
		return nil, ch, fieldError("pending challenge", fmt.Sprintf("want one of %v, got %s", kinds, got))
	}
	var extra []string
	if ch.Name == ChallengeSelectChallenge {
		extra = append(extra, optPassword)
	}
	s, err := c.newSignIn(op, ch.Admin, opts, extra...)
	if err != nil {
		return nil, ch, err
	}
	s.username, s.unproven = ch.Username, ch.Unproven
	return s, ch, nil
}

// continueWith answers ch and continues the sign-in.
func (s *signIn) continueWith(ctx context.Context, ch Challenge, answers Answer) error {
	return s.run(ctx, func(ctx context.Context) (authReply, error) { return s.answer(ctx, ch, answers) })
}

// is reports whether ch is the same step of a sign-in as other.
func (ch Challenge) is(other *Challenge) bool {
	return other != nil && other.Name == ch.Name && other.Session == ch.Session
}

// dropChallenge drops ch, unless another challenge is pending by now.
func (s *session) dropChallenge(ch Challenge) {
	s.update(func(st *state) {
		if ch.is(st.challenge) {
			st.challenge = nil
		}
	})
}

// moveChallenge returns ch with a new session, and replaces the pending challenge if that is ch.
func (s *session) moveChallenge(ch Challenge, next string) Challenge {
	moved := ch.clone()
	moved.Session = next
	kept := moved.clone()
	now := s.now()
	s.update(func(st *state) {
		if ch.is(st.challenge) {
			st.challenge, st.askedAt = &kept, now
		}
	})
	return moved
}

// rejectedAnswer handles err, the service's rejection of an answer to ch. It drops ch if it cannot
// be answered again. It returns err, together with ErrSessionExpired if err means that.
func (s *session) rejectedAnswer(ch Challenge, err error) error {
	if !ch.endsWith(err) {
		return err
	}
	s.dropChallenge(ch)
	if errors.Is(&Error{Err: err}, ErrSessionExpired) {
		return fmt.Errorf("%w: %w", ErrSessionExpired, err)
	}
	return err
}

// endsWith reports whether ch cannot be answered again after err. A wrong code leaves it
// answerable, with two exceptions. If the pool's Lambda function gives up on a custom sign-in, the
// service only says that the credentials are wrong. A sign-in towards a level of authentication
// ends with the first challenge that fails, as the service's manual says.
func (ch Challenge) endsWith(err error) bool {
	err = &Error{Err: err}
	for _, reason := range []error{ErrInvalidCredentials, ErrCodeMismatch, ErrCodeExpired, ErrTooManyAttempts} {
		if len(ch.TargetACR) > 0 && errors.Is(err, reason) {
			return true
		}
	}
	return errors.Is(err, ErrSessionExpired) ||
		ch.Name == ChallengeCustomChallenge && errors.Is(err, ErrInvalidCredentials)
}
