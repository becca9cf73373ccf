package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the service and the authenticator apps use SHA-1 (RFC 6238)
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// SoftwareToken is the secret from which an authenticator app generates codes. The secret is never
// printed or logged.
type SoftwareToken struct {
	// Secret is the secret in base32. A user whose app cannot read the QR code types it in.
	Secret string
}

// URI returns the text of the QR code for authenticator apps: "otpauth://totp/…". issuer is the
// name of the site, and may be empty. account is the user's name there. The URI contains the
// secret.
func (t SoftwareToken) URI(issuer, account string) string {
	label, query := escape(account), "?secret="+escape(t.Secret)
	if issuer != "" {
		label, query = escape(issuer)+":"+label, query+"&issuer="+escape(issuer)
	}
	return "otpauth://totp/" + label + query
}

// escape escapes s for a URI. It encodes a space as %20, since authenticator apps do not decode +.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Format prints no secret, for every verb.
func (t SoftwareToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SoftwareToken{}") }

// LogValue returns no secret, for package log/slog.
func (t SoftwareToken) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// AssociateSoftwareToken returns a new secret for an authenticator app. Show it to the user, and
// then call [Cognito.VerifySoftwareToken]. A secret that was verified earlier stays valid until the
// new one is verified. Common errors: [ErrMFANotSetUp] if the pool does not support software
// tokens.
//
// If MFA_SETUP is pending, the secret is for the user who is signing in, and the challenge gets a
// new session. If you persist the challenge, persist it again after this call
// ([Cognito.Challenge]). Otherwise the secret is for the signed-in user, and the error is
// [ErrNotSignedIn] if there is none.
//
// It calls AssociateSoftwareToken. Not retried automatically.
func (c *Cognito) AssociateSoftwareToken(ctx context.Context) (*SoftwareToken, error) {
	token, err := c.associateSoftwareToken(ctx)
	return token, wrapError("AssociateSoftwareToken", err)
}

func (c *Cognito) associateSoftwareToken(ctx context.Context) (*SoftwareToken, error) {
	var out *cognitoidentityprovider.AssociateSoftwareTokenOutput
	_, err := c.setUp(ctx, c.pendingSetUp(), func(accessToken, session *string) (next *string, err error) {
		out, err = c.shared().sdk.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{
			AccessToken: accessToken, Session: session,
		}, sendOnce)
		if err != nil {
			return nil, err
		}
		return out.Session, nil
	})
	if err != nil {
		return nil, err
	}
	if aws.ToString(out.SecretCode) == "" {
		return nil, errors.New("the service's answer: want a secret, got none")
	}
	return &SoftwareToken{Secret: *out.SecretCode}, nil
}

// VerifySoftwareToken verifies a code that the authenticator app generated from the secret of
// [Cognito.AssociateSoftwareToken]. deviceName is the user's name for the app, and may be empty.
// The pool sends it with SOFTWARE_TOKEN_MFA. Common errors: [ErrCodeMismatch].
//
// If MFA_SETUP is pending, VerifySoftwareToken also completes that challenge. It returns nil once
// the user is signed in, or a further *ChallengeError, like [Cognito.RespondToChallenge]. It takes
// the options of that method ([ClientMetadata], [AnalyticsMetadata], [UserContextData] or
// [ContextData]), which have no effect without MFA_SETUP. If verification succeeds but completing
// the challenge fails, call RespondToChallenge with nil answers to retry that step.
//
// Otherwise the secret is that of the signed-in user, and the error is [ErrNotSignedIn] if there is
// none. Call [Cognito.SetUserMFAPreference] next.
//
// It calls VerifySoftwareToken. For MFA_SETUP it then calls RespondToAuthChallenge, or, in an
// administrator's sign-in, AdminRespondToAuthChallenge, which requires AWS credentials. Not retried
// automatically.
func (c *Cognito) VerifySoftwareToken(ctx context.Context, code, deviceName string, opts ...CallOption) error {
	return wrapError("VerifySoftwareToken", c.verifySoftwareToken(ctx, code, deviceName, opts))
}

func (c *Cognito) verifySoftwareToken(ctx context.Context, code, deviceName string, opts []CallOption) error {
	pending := c.pendingSetUp()
	s, err := c.newSignIn("VerifySoftwareToken", pending != nil && pending.Admin, opts)
	if err != nil {
		return err
	}
	if code = plainCode(code); code == "" {
		return errNoCode
	}
	ch, err := c.setUp(ctx, pending, func(accessToken, session *string) (*string, error) {
		out, err := c.shared().sdk.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{
			AccessToken: accessToken, Session: session,
			UserCode: aws.String(code), FriendlyDeviceName: optional(deviceName),
		}, sendOnce)
		switch {
		case err != nil:
			return nil, err
		case out.Status != types.VerifySoftwareTokenResponseTypeSuccess:
			return nil, fmt.Errorf("%w: the service's answer is %s", ErrCodeMismatch, clip(string(out.Status)))
		default:
			return out.Session, nil
		}
	})
	if err != nil || ch == nil {
		return err
	}
	return s.continueWith(ctx, *ch, nil)
}

// pendingSetUp returns the pending challenge if it is MFA_SETUP, and nil otherwise.
func (c *Cognito) pendingSetUp() *Challenge {
	ch, ok := c.Challenge()
	if !ok || ch.Name != types.ChallengeNameTypeMfaSetup {
		return nil
	}
	return &ch
}

// setUp makes a call that sets up a software token. It uses the session of pending, or the access
// token if pending is nil. It returns the challenge with its new session, or nil if pending is nil.
func (c *Cognito) setUp(
	ctx context.Context, pending *Challenge, call func(accessToken, session *string) (next *string, err error),
) (*Challenge, error) {
	if pending == nil {
		return nil, c.withAccessToken(ctx, func(accessToken *string) error {
			_, err := call(accessToken, nil)
			return err
		})
	}
	ch := *pending
	next, err := call(nil, optional(ch.Session))
	if err != nil {
		return nil, c.session.rejectedAnswer(ch, err)
	}
	if aws.ToString(next) != "" {
		c.pool.forgetPending(ch)
		ch = c.session.moveChallenge(ch, *next)
	}
	return &ch, nil
}

// SetupEmailMFA answers MFA_SETUP with an e-mail address. The pool sends a code to it, and the next
// challenge is usually EMAIL_OTP. SetupEmailMFA takes the options of [Cognito.RespondToChallenge]
// ([ClientMetadata], [AnalyticsMetadata], [UserContextData] or [ContextData]), and returns the same
// errors.
//
// It calls RespondToAuthChallenge, or, in an administrator's sign-in, AdminRespondToAuthChallenge,
// which requires AWS credentials. Not retried automatically.
func (c *Cognito) SetupEmailMFA(ctx context.Context, address string, opts ...CallOption) error {
	return c.answerPending(ctx, "SetupEmailMFA", opts, func(*signIn, Challenge) (Answer, error) {
		if address == "" {
			return nil, fieldError("address", "want an e-mail address, got none")
		}
		return Answer{keyEmail: address}, nil
	}, types.ChallengeNameTypeMfaSetup)
}

// MFASetting is a change to one second factor of a user.
type MFASetting int

const (
	// MFAUnchanged leaves the factor unchanged.
	MFAUnchanged MFASetting = iota
	// MFADisabled disables the factor.
	MFADisabled
	// MFAEnabled enables the factor without making it the preferred one.
	MFAEnabled
	// MFAPreferred enables the factor and makes it the one that the pool asks for.
	MFAPreferred
)

// String returns the name of the setting.
func (s MFASetting) String() string {
	names := [...]string{"unchanged", "disabled", "enabled", "preferred"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("MFASetting(%d)", int(s))
	}
	return names[s]
}

// MFAPreference holds changes to a user's second factors. The zero value of a field leaves that
// factor unchanged. If several factors are enabled and none is preferred, a sign-in asks the user
// to choose with SELECT_MFA_TYPE.
type MFAPreference struct {
	// SMS sends a code by SMS and requires a phone number. Email sends a code by e-mail and
	// requires an e-mail address. SoftwareToken requires an authenticator app that was verified
	// with [Cognito.VerifySoftwareToken].
	SMS, SoftwareToken, Email MFASetting
	// WebAuthn lets a passkey with user verification satisfy both factors. It cannot be preferred.
	WebAuthn MFASetting
}

// check rejects preferences that the service would reject, or that change nothing.
func (p MFAPreference) check() error {
	preferred := 0
	factors := map[string]MFASetting{
		"SMS": p.SMS, "SoftwareToken": p.SoftwareToken, "Email": p.Email, "WebAuthn": p.WebAuthn,
	}
	for name, setting := range factors {
		if setting < MFAUnchanged || setting > MFAPreferred {
			return fieldError("preference "+name,
				"want MFAUnchanged, MFADisabled, MFAEnabled or MFAPreferred, got "+setting.String())
		}
		if setting == MFAPreferred {
			preferred++
		}
	}
	switch {
	case p == MFAPreference{}:
		return fieldError("preference", "want at least one factor to change, got none")
	case p.WebAuthn == MFAPreferred:
		return fieldError("preference WebAuthn", "want MFAEnabled or MFADisabled: a passkey cannot be preferred")
	case preferred > 1:
		return fieldError("preference", fmt.Sprintf("want at most one preferred factor, got %d", preferred))
	default:
		return nil
	}
}

func (s MFASetting) on() bool { return s == MFAEnabled || s == MFAPreferred }

// settings returns p in the service's form. nil leaves a factor unchanged.
func (p MFAPreference) settings() (
	sms *types.SMSMfaSettingsType, token *types.SoftwareTokenMfaSettingsType,
	email *types.EmailMfaSettingsType, passkey *types.WebAuthnMfaSettingsType,
) {
	if p.SMS != MFAUnchanged {
		sms = &types.SMSMfaSettingsType{Enabled: p.SMS.on(), PreferredMfa: p.SMS == MFAPreferred}
	}
	if p.SoftwareToken != MFAUnchanged {
		token = &types.SoftwareTokenMfaSettingsType{
			Enabled: p.SoftwareToken.on(), PreferredMfa: p.SoftwareToken == MFAPreferred,
		}
	}
	if p.Email != MFAUnchanged {
		email = &types.EmailMfaSettingsType{Enabled: p.Email.on(), PreferredMfa: p.Email == MFAPreferred}
	}
	if p.WebAuthn != MFAUnchanged {
		passkey = &types.WebAuthnMfaSettingsType{Enabled: p.WebAuthn.on()}
	}
	return sms, token, email, passkey
}

// SetUserMFAPreference changes the second factors of the signed-in user. An expired access token is
// refreshed first. Common errors: [ErrNotSignedIn], and [ErrMFANotSetUp] if the software token was
// not verified.
//
// It calls SetUserMFAPreference.
func (c *Cognito) SetUserMFAPreference(ctx context.Context, p MFAPreference) error {
	return wrapError("SetUserMFAPreference", c.setUserMFAPreference(ctx, p))
}

func (c *Cognito) setUserMFAPreference(ctx context.Context, p MFAPreference) error {
	if err := p.check(); err != nil {
		return err
	}
	sms, token, email, passkey := p.settings()
	return c.withAccessToken(ctx, func(accessToken *string) error {
		_, err := c.shared().sdk.SetUserMFAPreference(ctx, &cognitoidentityprovider.SetUserMFAPreferenceInput{
			AccessToken: accessToken, SMSMfaSettings: sms, SoftwareTokenMfaSettings: token,
			EmailMfaSettings: email, WebAuthnMfaSettings: passkey,
		})
		return err
	})
}

// AdminSetUserMFAPreference changes the second factors of the user username. Common errors:
// [ErrUserNotFound], [ErrMFANotSetUp].
//
// It calls AdminSetUserMFAPreference. Requires AWS credentials.
func (c *Cognito) AdminSetUserMFAPreference(ctx context.Context, username string, p MFAPreference) error {
	return wrapError("AdminSetUserMFAPreference", c.adminSetUserMFAPreference(ctx, username, p))
}

func (c *Cognito) adminSetUserMFAPreference(ctx context.Context, username string, p MFAPreference) error {
	if username == "" {
		return errNoUsername
	}
	if err := p.check(); err != nil {
		return err
	}
	sms, token, email, passkey := p.settings()
	_, err := c.shared().sdk.AdminSetUserMFAPreference(ctx, &cognitoidentityprovider.AdminSetUserMFAPreferenceInput{
		UserPoolId: aws.String(c.shared().id), Username: aws.String(username),
		SMSMfaSettings: sms, SoftwareTokenMfaSettings: token, EmailMfaSettings: email, WebAuthnMfaSettings: passkey,
	})
	return err
}

// AdminDeleteSoftwareToken deletes the software token of the user username, for example after the
// user lost the phone with the authenticator app. The user can then sign in without that factor. If
// the pool requires a second factor, the next sign-in asks the user to set one up
// ([ErrMFASetupRequired]). Common errors: [ErrUserNotFound], and [ErrMFANotSetUp] if the user has
// no software token.
//
// It calls AdminDeleteSoftwareToken. Requires AWS credentials.
func (c *Cognito) AdminDeleteSoftwareToken(ctx context.Context, username string) error {
	return c.adminCall("AdminDeleteSoftwareToken", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminDeleteSoftwareToken(ctx, &cognitoidentityprovider.AdminDeleteSoftwareTokenInput{
			UserPoolId: poolID, Username: username,
		})
		return err
	})
}

// AuthFactors are the factors with which a user can sign in.
type AuthFactors struct {
	// Username is the user's name in the pool.
	Username string
	// Configured are the factors that the user has set up: PASSWORD, EMAIL_OTP, SMS_OTP, WEB_AUTHN
	// and SOFTWARE_TOKEN. SOFTWARE_TOKEN is a second factor only. Configured is nil if the user has
	// none.
	Configured []types.AuthFactorType
	// MFAMethods are the second factors that are enabled, such as SOFTWARE_TOKEN_MFA. It is nil if
	// there are none.
	MFAMethods []string
	// PreferredMFA is the preferred second factor, or "" if there is none.
	PreferredMFA string
}

// HasFactor reports whether the user has set up the factor.
func (f *AuthFactors) HasFactor(factor types.AuthFactorType) bool {
	return slices.Contains(f.Configured, factor)
}

// GetUserAuthFactors returns the factors with which the signed-in user can sign in. An expired
// access token is refreshed first. Common errors: [ErrNotSignedIn].
//
// It calls GetUserAuthFactors.
func (c *Cognito) GetUserAuthFactors(ctx context.Context) (*AuthFactors, error) {
	var factors *AuthFactors
	err := c.withAccessToken(ctx, func(accessToken *string) error {
		input := &cognitoidentityprovider.GetUserAuthFactorsInput{AccessToken: accessToken}
		out, err := c.shared().sdk.GetUserAuthFactors(ctx, input)
		if err != nil {
			return err
		}
		factors = newAuthFactors(
			out.Username, out.ConfiguredUserAuthFactors, out.UserMFASettingList, out.PreferredMfaSetting)
		return nil
	})
	return factors, wrapError("GetUserAuthFactors", err)
}

// AdminGetUserAuthFactors returns the factors with which the user username can sign in. Common
// errors: [ErrUserNotFound].
//
// It calls AdminGetUserAuthFactors. Requires AWS credentials.
func (c *Cognito) AdminGetUserAuthFactors(ctx context.Context, username string) (*AuthFactors, error) {
	var factors *AuthFactors
	err := c.adminCall("AdminGetUserAuthFactors", username, func(poolID, username *string) error {
		out, err := c.shared().sdk.AdminGetUserAuthFactors(ctx, &cognitoidentityprovider.AdminGetUserAuthFactorsInput{
			UserPoolId: poolID, Username: username,
		})
		if err != nil {
			return err
		}
		factors = newAuthFactors(
			out.Username, out.ConfiguredUserAuthFactors, out.UserMFASettingList, out.PreferredMfaSetting)
		return nil
	})
	return factors, err
}

// newAuthFactors converts the factors from the service.
func newAuthFactors(
	username *string, configured []types.AuthFactorType, methods []string, preferred *string,
) *AuthFactors {
	f := &AuthFactors{Username: aws.ToString(username), PreferredMFA: aws.ToString(preferred)}
	if len(configured) > 0 {
		f.Configured = configured
	}
	if len(methods) > 0 {
		f.MFAMethods = methods
	}
	return f
}

// totpStep is the number of seconds for which a code is current.
const totpStep = 30

// TOTPHandler returns a handler that answers SOFTWARE_TOKEN_MFA with the code that an authenticator
// app with secret would show (RFC 6238 with SHA-1, six digits). With it a service account can sign
// in without a person. It answers SELECT_MFA_TYPE with SOFTWARE_TOKEN_MFA if that is an option. It
// leaves other challenges to the caller. secret is in base32, as in [SoftwareToken]; spaces, case
// and padding are ignored. An invalid secret is reported as an error of the first
// SOFTWARE_TOKEN_MFA.
//
// The handler uses the clock of the session ([WithClock]). The service accepts each code only once,
// but it also accepts the codes of the previous and the next 30 seconds. The handler never sends a
// code twice. For a second sign-in within the same 30 seconds it sends the next code. A third one
// fails until the next 30 seconds have begun.
//
// Two programs with the same secret do not know which codes the other has sent, and neither does a
// restarted program: create a user for each. Several sessions of the same user may share the
// handler. It is safe for concurrent use.
func TOTPHandler(secret string) ChallengeHandler {
	key, err := decodeTOTPSecret(secret)
	codes := &totpCodes{key: key}
	return func(ctx context.Context, ch Challenge) (Answer, error) {
		switch ch.Name {
		case types.ChallengeNameTypeSelectMfaType:
			if !slices.Contains(ch.Options(), types.ChallengeNameTypeSoftwareTokenMfa) {
				return nil, nil //nolint:nilnil // left to the caller
			}
			return Answer{keyAnswer: string(types.ChallengeNameTypeSoftwareTokenMfa)}, nil
		case types.ChallengeNameTypeSoftwareTokenMfa:
			if err != nil {
				return nil, err
			}
			code, err := codes.next(clockOf(ctx)())
			return Answer{codeKeys[ch.Name]: code}, err
		default:
			return nil, nil //nolint:nilnil // left to the caller
		}
	}
}

func decodeTOTPSecret(secret string) ([]byte, error) {
	text := strings.TrimRight(strings.ToUpper(strings.Join(strings.Fields(secret), "")), "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(key) == 0 {
		// The error does not repeat the secret.
		return nil, fieldError("TOTPHandler", "want the secret of a software token in base32")
	}
	return key, nil
}

// totpCodes generates the codes of one secret, each at most once.
type totpCodes struct {
	key []byte

	mu   sync.Mutex // protects the field below
	last int64      // the step of the last code; 0 before the first
}

// next returns a code that it has not returned before and that the service accepts at now.
func (c *totpCodes) next(now time.Time) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current := now.Unix() / totpStep
	step := current
	if c.last >= current && c.last <= current+1 { // if last is further ahead, the clock was set back
		step = c.last + 1
	}
	if step > current+1 {
		left := totpStep - now.Unix()%totpStep
		return "", fmt.Errorf("the codes of these 30 seconds were used already: try again in %d seconds", left)
	}
	c.last = step
	return totpCode(c.key, step), nil
}

// totpCode returns the six-digit code of RFC 6238 for step.
func totpCode(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash does not fail
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

type clockKey struct{}

// withClock returns a context that passes the session's clock to handlers.
func withClock(ctx context.Context, now func() time.Time) context.Context {
	return context.WithValue(ctx, clockKey{}, now)
}

func clockOf(ctx context.Context) func() time.Time {
	if now, ok := ctx.Value(clockKey{}).(func() time.Time); ok {
		return now
	}
	return time.Now // the caller is not a session
}
