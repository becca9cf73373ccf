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

// ChallengeName is the name of a challenge or a factor, and the SDK's type of it.
type ChallengeName = types.ChallengeNameType

// The names of challenges. Some are those of factors, too: see [FirstFactor], [Cognito.SelectChallenge] and
// [Cognito.SelectMFAType].
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

// challengeReasons says which of the errors above each challenge answers to.
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

// Challenge is what the pool asks for before it signs a user in, and all the state needed to answer it. It
// survives as JSON: another process can take it up with [WithChallenge]. It holds no password and no client,
// but whoever has it can go on with the sign-in, so store it where the user cannot change it and others cannot
// read it. Printed or logged it shows no session; only its JSON does.
type Challenge struct {
	// Name is the challenge, for example SOFTWARE_TOKEN_MFA. Names that the SDK does not know yet pass through.
	Name ChallengeName `json:"name"`
	// Session goes into the answer, once. The service may give none.
	Session string `json:"session,omitempty"`
	// Username is the name that the answer is for, as the service knows the user: after a sign-in with an
	// e-mail address it is not what the user typed.
	Username string `json:"username"`
	// Parameters are the challenge's own, for example CODE_DELIVERY_DESTINATION.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Available are the first factors that the pool offered with SELECT_CHALLENGE; see [Challenge.Options].
	Available []ChallengeName `json:"available,omitempty"`
	// Admin says that the sign-in was begun by [Cognito.AdminAuthenticate], so that the answer goes by
	// AdminRespondToAuthChallenge, which needs AWS credentials.
	Admin bool `json:"admin,omitempty"`
	// TargetACR are the levels of which the sign-in must reach one; nil when none is asked for. See [TargetACR].
	TargetACR []string `json:"target_acr,omitempty"`
	// StepUp is the claim sub of the user who proves more; "" unless [Cognito.StepUp] began the sign-in.
	StepUp string `json:"step_up,omitempty"`
	// Unproven reports that the sign-in proves the password with SRP and the pool has not asked for that proof
	// yet. Tokens that answer such a challenge are rejected.
	Unproven bool `json:"unproven,omitempty"`
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
	ch.TargetACR = slices.Clone(ch.TargetACR)
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
	return "cognito: sign-in requires challenge " + clip(string(e.Challenge.Name))
}

// Is reports whether target is one of the errors that stand for the challenge.
func (e *ChallengeError) Is(target error) bool {
	return slices.Contains(challengeReasons[e.Challenge.Name], target)
}

// Format prints the text of the error, whatever the verb.
func (e ChallengeError) Format(f fmt.State, verb rune) { printError(f, verb, &e) }

// MarshalJSON encodes the challenge's name and user, and not its session: errors are logged. What is to be stored is the
// Challenge.
func (e ChallengeError) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"error": e.Error(), "challenge": map[string]string{"name": clip(string(e.Challenge.Name)), "username": clip(e.Challenge.Username)},
	})
}

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
	if pending := c.session.current().challenge; pending != nil {
		return pending.clone(), true
	}
	return Challenge{}, false
}

// Delivery says where the code of SMS_MFA, EMAIL_OTP or SMS_OTP went, without the attribute that the address is in; nil
// when the challenge does not say.
func (ch Challenge) Delivery() *CodeDelivery {
	medium, destination := ch.Parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], ch.Parameters["CODE_DELIVERY_DESTINATION"]
	if medium == "" && destination == "" {
		return nil
	}
	return &CodeDelivery{Medium: types.DeliveryMediumType(medium), Destination: destination}
}

// Options are what there is to choose from: the second factors of SELECT_MFA_TYPE, the first factors of
// SELECT_CHALLENGE, and the second factors that can be set up with MFA_SETUP. It is nil where the challenge does not
// say.
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

// RequiredAttributes are the names of the attributes that NEW_PASSWORD_REQUIRED wants, such as "given_name"; nil when
// it wants none.
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

// CurrentAttributes are the attributes that the user of NEW_PASSWORD_REQUIRED has; nil when the challenge does not say.
func (ch Challenge) CurrentAttributes() Attributes {
	if ch.Name != ChallengeNewPasswordRequired {
		return nil
	}
	return parameterJSON[Attributes](ch, "userAttributes")
}

// CredentialRequestOptions are the PublicKeyCredentialRequestOptionsJSON of WEB_AUTHN, for the browser's
// navigator.credentials.get: exactly what the service sent. It is nil when there are none, or what was sent is no JSON.
func (ch Challenge) CredentialRequestOptions() json.RawMessage {
	options := json.RawMessage(ch.Parameters["CREDENTIAL_REQUEST_OPTIONS"])
	if !json.Valid(options) {
		return nil
	}
	return options
}

// DeviceName is the name that the user gave the authenticator app of SOFTWARE_TOKEN_MFA; "" when there is none.
func (ch Challenge) DeviceName() string { return ch.Parameters["FRIENDLY_DEVICE_NAME"] }

// PublicParameters are what the pool's Lambda function gave a CUSTOM_CHALLENGE for the user; empty when it gave none.
func (ch Challenge) PublicParameters() map[string]string {
	public := maps.Clone(ch.Parameters)
	delete(public, keyUsername)
	delete(public, keyUserIDForSRP)
	return public
}

// parameterJSON reads a parameter that is itself JSON. What cannot be read is as good as absent: the service decides
// what it accepts.
func parameterJSON[T any](ch Challenge, name string) T {
	var v T
	if err := json.Unmarshal([]byte(ch.Parameters[name]), &v); err != nil {
		var none T
		return none
	}
	return v
}

// The keys of the answers to challenges.
const (
	keyAnswer     = "ANSWER"
	keyCredential = "CREDENTIAL"
	keyEmail      = "EMAIL"
)

// RespondToChallenge answers the pending challenge, whatever its name, with answers as [Answer] describes them. The
// methods named after a challenge know its keys; this one is for those that are not invented yet. It takes the options
// [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an administrator's sign-in.
//
// It returns nil when the user is signed in then, a [*ChallengeError] when the pool asks for more, [ErrNoChallenge]
// when nothing is pending, and an [*Error] otherwise. A wrong code leaves the challenge pending; a challenge that is
// spent or expired is [ErrSessionExpired] and no longer pending. The answer is not sent again after a failure that
// leaves open whether the service took it. After [ErrDeviceRefused] the sign-in must start again.
//
// It calls RespondToAuthChallenge, which needs no AWS credentials, or AdminRespondToAuthChallenge, which does, in a
// sign-in that [Cognito.AdminAuthenticate] began. It may be called from several goroutines, but a challenge can be
// answered only once. All of this is so for the methods named after a challenge, too; they return an error that
// names the pending challenge when it is another one.
func (c *Cognito) RespondToChallenge(ctx context.Context, answers map[string]string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToChallenge", opts, func(*signIn, Challenge) (Answer, error) { return answers, nil })
}

// RespondToSMSMFAChallenge answers SMS_MFA with the code that was sent. Common errors: [ErrCodeMismatch].
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToSMSMFAChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSMSMFAChallenge", ChallengeSMSMFA, code, opts)
}

// RespondToSoftwareTokenMFAChallenge answers SOFTWARE_TOKEN_MFA with the code that the user's authenticator app shows.
// Common errors: [ErrCodeMismatch], and [ErrCodeExpired] for a code that was used before.
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToSoftwareTokenMFAChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSoftwareTokenMFAChallenge", ChallengeSoftwareTokenMFA, code, opts)
}

// RespondToEmailOTPChallenge answers EMAIL_OTP with the code that was sent, be it the first factor or the second;
// Common errors: [ErrCodeMismatch].
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToEmailOTPChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToEmailOTPChallenge", ChallengeEmailOTP, code, opts)
}

// RespondToSMSOTPChallenge answers SMS_OTP, the first factor, with the code that was sent; [ErrCodeMismatch] is the usual
// error.
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToSMSOTPChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSMSOTPChallenge", ChallengeSMSOTP, code, opts)
}

// RespondToNewPasswordChallenge answers NEW_PASSWORD_REQUIRED with the password that replaces the temporary one, and with
// attrs, which may be nil: nothing else is sent. An attribute that the pool requires (see
// [Challenge.RequiredAttributes]) and that is missing is refused before anything is sent; the service refuses one that
// the user has already. Common errors: [ErrInvalidPassword].
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToNewPasswordChallenge(ctx context.Context, password string, attrs Attributes, opts ...CallOption) error {
	answer := &newPasswordAnswer{password, attrs}
	return c.answerPending(ctx, "RespondToNewPasswordChallenge", opts, func(_ *signIn, ch Challenge) (Answer, error) {
		return answer.answer(ch)
	}, ChallengeNewPasswordRequired)
}

// RespondToCustomChallenge answers CUSTOM_CHALLENGE. After a wrong answer the pool's Lambda functions either ask again,
// which is a new challenge, or give up, which is [ErrInvalidCredentials] and leaves no challenge pending.
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToCustomChallenge(ctx context.Context, answer string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToCustomChallenge", opts, func(*signIn, Challenge) (Answer, error) {
		if answer == "" {
			return nil, fieldError("answer", "want an answer, got none")
		}
		return Answer{keyAnswer: answer}, nil
	}, ChallengeCustomChallenge)
}

// RespondToPasswordChallenge answers PASSWORD and PASSWORD_SRP, with which a pool asks for the password after another
// factor was chosen, and ADMIN_NO_SRP_AUTH. With PASSWORD_SRP the password is proven, not sent.
// Common errors: [ErrInvalidCredentials].
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
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

// RespondToWebAuthnChallenge answers WEB_AUTHN with what the browser made of [Challenge.CredentialRequestOptions]: the
// AuthenticationResponseJSON of WebAuthn, which is passed on as it is.
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToWebAuthnChallenge(ctx context.Context, credentialJSON []byte, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToWebAuthnChallenge", opts, func(*signIn, Challenge) (Answer, error) {
		if err := checkCredential(credentialJSON); err != nil {
			return nil, err
		}
		return Answer{keyCredential: string(credentialJSON)}, nil
	}, ChallengeWebAuthn)
}

// checkCredential refuses what no browser makes.
func checkCredential(credentialJSON []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(credentialJSON, &object); err != nil || object == nil {
		return fieldError("credential", "want the browser's credential as a JSON object")
	}
	return nil
}

// SelectMFAType answers SELECT_MFA_TYPE with one of [Challenge.Options], such as SOFTWARE_TOKEN_MFA; the next
// challenge is that one.
// It takes the options [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) SelectMFAType(ctx context.Context, name ChallengeName, opts ...CallOption) error {
	return c.answerPending(ctx, "SelectMFAType", opts, func(_ *signIn, ch Challenge) (Answer, error) {
		if err := checkOption("name", name, ch.Options()); err != nil {
			return nil, err
		}
		return Answer{keyAnswer: string(name)}, nil
	}, ChallengeSelectMFAType)
}

// SelectChallenge answers SELECT_CHALLENGE with one of [Challenge.Options]. PASSWORD and PASSWORD_SRP want the option
// [Password]; the other factors are challenges of their own name then.
// It takes the options [Password], [ClientMetadata], [AnalyticsMetadata] and [UserContextData], or [ContextData] in an
// administrator's sign-in.
// For the rest see [Cognito.RespondToChallenge].
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

// Password is the password that a chosen first factor needs; see [Cognito.SelectChallenge].
func Password(password string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optPassword)
		o.password = password
	})
}

// checkOption refuses a choice that was not offered, if it is known what was.
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

// newPasswordAnswer is what replaces a temporary password.
type newPasswordAnswer struct {
	password string
	attrs    Attributes
}

// attributePrefix is put before the names of attributes in NEW_PASSWORD_REQUIRED.
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
		return nil, fieldError("attributes", fmt.Sprintf("want %s, which the pool requires, got none", clip(fmt.Sprint(missing))))
	}
	answer := Answer{"NEW_PASSWORD": n.password}
	for name, value := range n.attrs {
		answer[attributePrefix+name] = value
	}
	return answer, nil
}

// codeKeys are the keys under which codes are sent.
var codeKeys = map[ChallengeName]string{
	ChallengeSMSMFA:           "SMS_MFA_CODE",
	ChallengeSoftwareTokenMFA: "SOFTWARE_TOKEN_MFA_CODE",
	ChallengeEmailOTP:         "EMAIL_OTP_CODE",
	ChallengeSMSOTP:           "SMS_OTP_CODE",
}

// withPlainCode returns the answer to a challenge that asks for a code with the code as plainCode makes it. A handler and
// the caller of RespondToChallenge give answers as a user typed them, too.
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

// answerPending answers the pending challenge, which must be one of kinds if there are any, with what answer makes of
// it.
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

// resume takes up the pending challenge, which must be one of kinds if there are any.
func (c *Cognito) resume(op string, opts []CallOption, kinds []ChallengeName) (*signIn, Challenge, error) {
	st := c.session.current()
	if st.challenge == nil {
		return nil, Challenge{}, ErrNoChallenge
	}
	ch := st.challenge.clone()
	if len(kinds) > 0 && !slices.Contains(kinds, ch.Name) {
		return nil, ch, fieldError("pending challenge", fmt.Sprintf("want one of %v, got %s", kinds, clip(string(ch.Name))))
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

// continueWith answers ch and takes the sign-in on from there.
func (s *signIn) continueWith(ctx context.Context, ch Challenge, answers Answer) error {
	return s.run(ctx, func(ctx context.Context) (authReply, error) { return s.answer(ctx, ch, answers) })
}

// is reports whether ch is the same step of a sign-in as other.
func (ch Challenge) is(other *Challenge) bool {
	return other != nil && other.Name == ch.Name && other.Session == ch.Session
}

// dropChallenge forgets ch, unless another one has come since.
func (s *session) dropChallenge(ch Challenge) {
	s.update(func(st *state) {
		if ch.is(st.challenge) {
			st.challenge = nil
		}
	})
}

// moveChallenge gives ch a new session, also where it is pending.
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

// refusedAnswer takes ch away if err, the service's rejection of an answer, says that it is over. It returns err, and says
// what is to be done where the service does not.
func (s *session) refusedAnswer(ch Challenge, err error) error {
	if !ch.endsWith(err) {
		return err
	}
	s.dropChallenge(ch)
	if errors.Is(&Error{Err: err}, ErrSessionExpired) {
		return fmt.Errorf("%w: %w", ErrSessionExpired, err)
	}
	return err
}

// endsWith reports whether err says that the challenge cannot be answered again. A wrong code can be, but when the pool's
// Lambda function gives up on a custom sign-in the service only says that the credentials are wrong, and a sign-in towards a
// level ends with the first challenge that fails, as the service's manual says.
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
