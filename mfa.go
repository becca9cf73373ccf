package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what the service and the authenticators speak
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

// SoftwareToken is the secret that an authenticator app makes codes from. Printed or logged it does not show it.
type SoftwareToken struct {
	// Secret is in base32, as users type it into an app that cannot read the QR code of URI.
	Secret string
}

// URI is what authenticator apps read from a QR code: "otpauth://totp/…", with issuer, the name of the site, and
// account, that of the user there. It holds the secret.
func (t SoftwareToken) URI(issuer, account string) string {
	label, query := escape(account), "?secret="+escape(t.Secret)
	if issuer != "" {
		label, query = escape(issuer)+":"+label, query+"&issuer="+escape(issuer)
	}
	return "otpauth://totp/" + label + query
}

// escape makes any text a part of a URI. Authenticator apps do not read + as a space.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Format prints no secret, whatever the verb.
func (t SoftwareToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SoftwareToken{}") }

// LogValue logs no secret.
func (t SoftwareToken) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// AssociateSoftwareToken makes a secret for an authenticator app; show it to the user, and go on with
// [Cognito.VerifySoftwareToken]. While MFA_SETUP is pending it is for the user who is signing in; the challenge then goes
// on with the session that the service returned: a stored one must be stored again ([Cognito.Challenge]). Else it is for
// the signed-in user. A secret made earlier and verified
// stays good until the new one is verified. [ErrMFANotSetUp] means that the pool has no software tokens.
//
// It calls AssociateSoftwareToken, which needs no AWS credentials but MFA_SETUP or an access token: with neither it
// returns [ErrNotSignedIn].
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

// VerifySoftwareToken proves with a code from the authenticator app that it has the secret of
// [Cognito.AssociateSoftwareToken]. deviceName, which may be empty, is what the user calls the app: the pool shows it
// with SOFTWARE_TOKEN_MFA. While MFA_SETUP is pending it also answers that, and returns what
// [Cognito.RespondToChallenge] returns: nil when the user is signed in then. It takes the options of that method
// ([ClientMetadata], [AnalyticsMetadata], [UserContextData] or [ContextData]), which without MFA_SETUP have no effect. Should only the second of its two requests fail, RespondToChallenge without answers
// repeats it. A signed-in user goes on with [Cognito.SetUserMFAPreference]. Common errors: [ErrCodeMismatch].
//
// It calls VerifySoftwareToken, which needs no AWS credentials but MFA_SETUP or an access token: with neither it
// returns [ErrNotSignedIn]; and RespondToAuthChallenge, or AdminRespondToAuthChallenge.
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
			AccessToken: accessToken, Session: session, UserCode: aws.String(code), FriendlyDeviceName: optional(deviceName),
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

// pendingSetUp returns MFA_SETUP while that is pending, else nil.
func (c *Cognito) pendingSetUp() *Challenge {
	ch, ok := c.Challenge()
	if !ok || ch.Name != types.ChallengeNameTypeMfaSetup {
		return nil
	}
	return &ch
}

// setUp makes one call of the set-up of a software token: with the session of MFA_SETUP if that is pending, else with
// the access token. It returns the challenge with the session that came back, nil with an access token.
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
		return nil, c.session.refusedAnswer(ch, err)
	}
	if aws.ToString(next) != "" {
		c.pool.forgetPending(ch)
		ch = c.session.moveChallenge(ch, *next)
	}
	return &ch, nil
}

// SetupEmailMFA answers MFA_SETUP with an e-mail address, to which the pool sends a code: the next challenge is usually
// EMAIL_OTP. It takes the options of [Cognito.RespondToChallenge] ([ClientMetadata], [AnalyticsMetadata], [UserContextData] or [ContextData]),
// and returns what that returns.
//
// It calls RespondToAuthChallenge, which needs no AWS credentials, or AdminRespondToAuthChallenge, which does.
func (c *Cognito) SetupEmailMFA(ctx context.Context, address string, opts ...CallOption) error {
	return c.answerPending(ctx, "SetupEmailMFA", opts, func(*signIn, Challenge) (Answer, error) {
		if address == "" {
			return nil, fieldError("address", "want an e-mail address, got none")
		}
		return Answer{keyEmail: address}, nil
	}, types.ChallengeNameTypeMfaSetup)
}

// MFASetting is what becomes of one second factor of a user.
type MFASetting int

const (
	// MFAUnchanged leaves the factor as it is.
	MFAUnchanged MFASetting = iota
	// MFADisabled turns the factor off.
	MFADisabled
	// MFAEnabled turns the factor on, without preference.
	MFAEnabled
	// MFAPreferred turns the factor on and makes it the one that the user is asked for.
	MFAPreferred
)

// String returns the setting's name.
func (s MFASetting) String() string {
	names := [...]string{"unchanged", "disabled", "enabled", "preferred"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("MFASetting(%d)", int(s))
	}
	return names[s]
}

// MFAPreference says which second factors a user has. The zero value of each leaves it as it is. With several enabled and
// none preferred the user is asked to choose, by SELECT_MFA_TYPE.
type MFAPreference struct {
	// SMS is a code by SMS, which needs a phone number; Email one by e-mail, which needs an address; SoftwareToken that
	// of an authenticator app, which must be verified (see [Cognito.VerifySoftwareToken]).
	SMS, SoftwareToken, Email MFASetting
	// WebAuthn is a passkey that verified its user as both factors at once. It cannot be preferred.
	WebAuthn MFASetting
}

// check refuses what the service would, or would do nothing for.
func (p MFAPreference) check() error {
	preferred := 0
	for name, setting := range map[string]MFASetting{"SMS": p.SMS, "SoftwareToken": p.SoftwareToken, "Email": p.Email, "WebAuthn": p.WebAuthn} {
		if setting < MFAUnchanged || setting > MFAPreferred {
			return fieldError("preference "+name, "want MFAUnchanged, MFADisabled, MFAEnabled or MFAPreferred, got "+setting.String())
		}
		if setting == MFAPreferred {
			preferred++
		}
	}
	switch {
	case p == MFAPreference{}:
		return fieldError("preference", "want at least one factor to change, got none")
	case p.WebAuthn == MFAPreferred:
		return fieldError("preference WebAuthn", "want MFAEnabled, a passkey cannot be preferred")
	case preferred > 1:
		return fieldError("preference", fmt.Sprintf("want at most one preferred factor, got %d", preferred))
	default:
		return nil
	}
}

func (s MFASetting) on() bool { return s == MFAEnabled || s == MFAPreferred }

// settings are p as the service takes it: what is nil stays as it is.
func (p MFAPreference) settings() (sms *types.SMSMfaSettingsType, token *types.SoftwareTokenMfaSettingsType, email *types.EmailMfaSettingsType, passkey *types.WebAuthnMfaSettingsType) {
	if p.SMS != MFAUnchanged {
		sms = &types.SMSMfaSettingsType{Enabled: p.SMS.on(), PreferredMfa: p.SMS == MFAPreferred}
	}
	if p.SoftwareToken != MFAUnchanged {
		token = &types.SoftwareTokenMfaSettingsType{Enabled: p.SoftwareToken.on(), PreferredMfa: p.SoftwareToken == MFAPreferred}
	}
	if p.Email != MFAUnchanged {
		email = &types.EmailMfaSettingsType{Enabled: p.Email.on(), PreferredMfa: p.Email == MFAPreferred}
	}
	if p.WebAuthn != MFAUnchanged {
		passkey = &types.WebAuthnMfaSettingsType{Enabled: p.WebAuthn.on()}
	}
	return sms, token, email, passkey
}

// SetUserMFAPreference changes the second factors of the signed-in user. Common errors: [ErrMFANotSetUp] for a
// software token that was not verified.
//
// It calls SetUserMFAPreference, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
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
			AccessToken: accessToken, SMSMfaSettings: sms, SoftwareTokenMfaSettings: token, EmailMfaSettings: email, WebAuthnMfaSettings: passkey,
		})
		return err
	})
}

// AdminSetUserMFAPreference changes the second factors of the user username. Common errors: [ErrUserNotFound],
// [ErrMFANotSetUp].
//
// It calls AdminSetUserMFAPreference, which needs AWS credentials.
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

// AdminDeleteSoftwareToken removes the software token of the user username, who has lost the phone with the
// authenticator app. The user then signs in without that factor, or, where the pool requires one, is asked to set up
// a new one ([ErrMFASetupRequired]). Common errors: [ErrUserNotFound], and [ErrMFANotSetUp] for a user without a
// software token.
//
// It calls AdminDeleteSoftwareToken, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDeleteSoftwareToken(ctx context.Context, username string) error {
	return c.adminCall("AdminDeleteSoftwareToken", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminDeleteSoftwareToken(ctx, &cognitoidentityprovider.AdminDeleteSoftwareTokenInput{
			UserPoolId: poolID, Username: username,
		})
		return err
	})
}

// AuthFactors are the ways in which a user can sign in.
type AuthFactors struct {
	// Username is the name that the pool knows the user by.
	Username string
	// Configured are the factors that the user has: PASSWORD, EMAIL_OTP, SMS_OTP, WEB_AUTHN and SOFTWARE_TOKEN. The last
	// one is a second factor only. Nil when the user has none.
	Configured []types.AuthFactorType
	// MFAMethods are the second factors that the user has turned on, such as SOFTWARE_TOKEN_MFA; nil when there are none.
	MFAMethods []string
	// PreferredMFA is the one of them that the user is asked for; "" when none is preferred.
	PreferredMFA string
}

// HasFactor reports whether the user has the factor.
func (f *AuthFactors) HasFactor(factor types.AuthFactorType) bool {
	return slices.Contains(f.Configured, factor)
}

// GetUserAuthFactors returns the factors that the signed-in user can sign in with.
//
// It calls GetUserAuthFactors, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) GetUserAuthFactors(ctx context.Context) (*AuthFactors, error) {
	var factors *AuthFactors
	err := c.withAccessToken(ctx, func(accessToken *string) error {
		out, err := c.shared().sdk.GetUserAuthFactors(ctx, &cognitoidentityprovider.GetUserAuthFactorsInput{AccessToken: accessToken})
		if err != nil {
			return err
		}
		factors = newAuthFactors(out.Username, out.ConfiguredUserAuthFactors, out.UserMFASettingList, out.PreferredMfaSetting)
		return nil
	})
	return factors, wrapError("GetUserAuthFactors", err)
}

// AdminGetUserAuthFactors returns the factors that the user username can sign in with. Common errors: [ErrUserNotFound].
//
// It calls AdminGetUserAuthFactors, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminGetUserAuthFactors(ctx context.Context, username string) (*AuthFactors, error) {
	var factors *AuthFactors
	err := c.adminCall("AdminGetUserAuthFactors", username, func(poolID, username *string) error {
		out, err := c.shared().sdk.AdminGetUserAuthFactors(ctx, &cognitoidentityprovider.AdminGetUserAuthFactorsInput{
			UserPoolId: poolID, Username: username,
		})
		if err != nil {
			return err
		}
		factors = newAuthFactors(out.Username, out.ConfiguredUserAuthFactors, out.UserMFASettingList, out.PreferredMfaSetting)
		return nil
	})
	return factors, err
}

func newAuthFactors(username *string, configured []types.AuthFactorType, methods []string, preferred *string) *AuthFactors {
	f := &AuthFactors{Username: aws.ToString(username), PreferredMFA: aws.ToString(preferred)}
	if len(configured) > 0 {
		f.Configured = configured
	}
	if len(methods) > 0 {
		f.MFAMethods = methods
	}
	return f
}

// totpStep is how long one code of a software token is the current one, in seconds.
const totpStep = 30

// TOTPHandler answers SOFTWARE_TOKEN_MFA with the code that an authenticator app with secret would show (RFC 6238 with
// SHA-1, six digits), so that a machine user signs in alone; and SELECT_MFA_TYPE with SOFTWARE_TOKEN_MFA where that is
// an option. Other challenges are left to the caller. secret is base32 as [SoftwareToken] has it; spaces, case and
// padding do not matter. A secret that cannot be read is an error of the first challenge.
//
// The clock is that of the session ([WithClock]). The service takes each code once, and also that of the half minute
// before and after. The handler therefore never sends a code twice: for a second sign-in within the half minute it sends
// the next one's, and a third one fails until that has begun. Programs with the same secret do not know of each
// other's codes, nor does one that is started again: give each a user of its own. It may be used by several sessions of
// the same user and is safe for concurrent use.
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
		return nil, fieldError("TOTPHandler", "want the secret of a software token in base32") // and not the secret itself
	}
	return key, nil
}

// totpCodes gives out each code of one secret once.
type totpCodes struct {
	key []byte

	mu   sync.Mutex // protects the field below
	last int64      // the step of the last code that was given out; 0 before the first
}

// next is a code that was not given out yet and that the service takes at now.
func (c *totpCodes) next(now time.Time) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current := now.Unix() / totpStep
	step := current
	if c.last >= current && c.last <= current+1 { // further ahead, the clock was set back
		step = c.last + 1
	}
	if step > current+1 {
		left := totpStep - now.Unix()%totpStep
		return "", fmt.Errorf("the codes of this half minute were sent already, and each is good once: try again in %d seconds", left)
	}
	c.last = step
	return totpCode(c.key, step), nil
}

// totpCode is the code of RFC 6238 for a step, in six digits.
func totpCode(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash does not fail
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

type clockKey struct{}

// withClock tells handlers the session's clock.
func withClock(ctx context.Context, now func() time.Time) context.Context {
	return context.WithValue(ctx, clockKey{}, now)
}

func clockOf(ctx context.Context) func() time.Time {
	if now, ok := ctx.Value(clockKey{}).(func() time.Time); ok {
		return now
	}
	return time.Now // called without a session
}
