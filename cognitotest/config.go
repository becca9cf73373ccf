package cognitotest

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config configures the pool of a [Server]. The zero Config is a plain pool with one public app
// client.
type Config struct {
	// UserPoolID is the pool's ID, "<region>_<letters and digits>". The default is
	// "us-east-1_Test00001".
	UserPoolID string
	// Clients are the app clients. [Server.ClientID] is the first. If empty, there is one client
	// without a secret. As with the service, it does not allow USER_PASSWORD_AUTH or USER_AUTH: see
	// [Client.ExplicitAuthFlows].
	Clients []Client
	// UsernameAttributes ("email", "phone_number") are the attributes that users sign up and sign
	// in with. If set, a user's username is the sub.
	UsernameAttributes []string
	// AliasAttributes ("email", "phone_number", "preferred_username") are attributes that users can
	// sign in with, too, once they are verified.
	AliasAttributes []string
	// CaseInsensitive compares usernames and aliases without regard to case.
	CaseInsensitive bool
	// AutoVerifiedAttributes ("email", "phone_number") are the attributes that a sign-up code is
	// sent to. If the user has both, it goes to the phone number. If nil, it is "email". If empty
	// but not nil, no code is sent.
	AutoVerifiedAttributes []string
	// RequiredAttributes are the attributes that a sign-up must include.
	RequiredAttributes []string
	// CustomAttributes are the pool's attributes in addition to the standard ones. If nil, the pool
	// accepts every "custom:" name. If empty but not nil, it accepts none.
	CustomAttributes []CustomAttribute
	// AttributesRequireVerificationBeforeUpdate ("email", "phone_number") are the attributes that
	// keep their old value until the new one is verified. They must be among
	// AutoVerifiedAttributes.
	AttributesRequireVerificationBeforeUpdate []string
	// SelfSignUpDisabled lets only administrators create users.
	SelfSignUpDisabled bool
	// Groups are the pool's groups.
	Groups []Group
	// ResourceServers are the APIs whose scopes the pool grants to app clients.
	ResourceServers []ResourceServer
	// PasswordPolicy sets the rules for passwords. If nil, it is the service's default.
	PasswordPolicy *PasswordPolicy
	// MFA sets which users are asked for a second factor: "OFF", none; "OPTIONAL", those who have
	// set one up; "ON", all. The default is "OPTIONAL".
	MFA string
	// MFAFactors are the second factors that the pool supports: "SMS_MFA", "SOFTWARE_TOKEN_MFA",
	// "EMAIL_OTP". If nil, it supports all.
	MFAFactors []string
	// FirstFactors are the first factors of USER_AUTH: "PASSWORD", "EMAIL_OTP", "SMS_OTP",
	// "WEB_AUTHN". If nil, it is "PASSWORD".
	FirstFactors []string
	// WebAuthn configures passkeys. They are enabled if FirstFactors contains "WEB_AUTHN".
	WebAuthn WebAuthn
	// Devices enables and configures the tracking of devices. If nil, the pool tracks none.
	Devices *DeviceConfiguration
	// Triggers replace the pool's Lambda functions.
	Triggers Triggers
	// TriggerURLs are the URLs of triggers in other languages. The keys are the names in the
	// service's LambdaConfig: "PreSignUp", "VerifyAuthChallengeResponse" and so on. The server
	// sends the event of the Lambda function to the URL as JSON with POST. The response is the
	// event with its response filled in, or {"errorMessage": "…"}, as from the Lambda runtime
	// interface emulator. A status other than 2xx is an error, too, with the body as its text. The
	// response may have at most 1 MiB.
	//
	// Unlike a function in [Triggers], a trigger at a URL may call the server. It may use signed
	// operations except AdminInitiateAuth and AdminRespondToAuthChallenge. PreTokenGeneration gets
	// version 2 of its event.
	TriggerURLs map[string]string
	// TriggerTimeout bounds a call of a trigger URL, in real time. The default is 5 seconds, as
	// with the service.
	TriggerTimeout time.Duration
	// Tier is the pool's feature plan: "LITE", "ESSENTIALS" or "PLUS". The default is "PLUS". A
	// pool with LITE rejects authentication levels, and only a pool with PLUS has threat protection
	// with the history of sign-ins. Tier also limits what calls that change the pool can enable,
	// but not this Config.
	Tier string
	// MaxSessions limits the sessions of a user: a sign-in beyond the limit ends the least recently
	// used one. The service allows 20 if it tracks sessions. If zero, there is no limit.
	MaxSessions int
	// ACRNames are the names of the authentication levels 1 to 4. The default of each is
	// "urn:cognito:loa:" and its number.
	ACRNames [4]string
	// PasswordHistorySize is the number of a user's last passwords, including the present one, that
	// cannot be chosen again. If zero, the pool keeps no history.
	PasswordHistorySize int
	// TemporaryPasswordValidity is the lifetime of a password set by an administrator. The default
	// is 7 days.
	TemporaryPasswordValidity time.Duration
	// Snapshot is the output of [Server.Snapshot]. If it is set, the server starts with the pools
	// in it, and of this Config only Triggers, Issuer, Now, Addr, InMemory and OnMessage take
	// effect.
	Snapshot Snapshot
	// Issuer is the issuer of the tokens. The default is [Server.URL] + "/" + pool ID.
	Issuer string
	// Now is the server's clock, to which [Server.Advance] adds. The default is [time.Now].
	Now func() time.Time
	// Addr is the address to listen on, such as "127.0.0.1:9229". The default is a free port of the
	// loopback interface. The server has no protection against its users: do not use an address
	// that others can reach.
	Addr string
	// InMemory makes the server listen on no port. Only clients in the same process can reach it:
	// those of [Server.Client], [Server.Options] and [Server.HTTPClient]. A server in a
	// testing/synctest bubble needs this, because waiting for a network connection stops the
	// bubble's time.
	InMemory bool
	// OnMessage is called for each message that the server delivers. The call is made after the
	// request that caused the message was executed, and before its response is sent. OnMessage may
	// call the server. It may be called from several goroutines. Messages are also in
	// [Server.Messages].
	OnMessage func(Message)
}

// Client is an app client of the pool. Printed or logged, it shows no secret.
type Client struct {
	// ID is the client's ID. The default is random.
	ID string
	// Name is the client's name. The default is the ID.
	Name string
	// Secret is the client's secret, or "" for a public client. OtherSecret is a second secret, as
	// during a rotation, or "".
	Secret, OtherSecret string
	// ExplicitAuthFlows are the flows that the client allows: "ALLOW_USER_SRP_AUTH",
	// "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH",
	// "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH" and "ALLOW_CLIENT_TOKEN_AUTH". If
	// nil, they are the service's default: SRP, custom and refresh. GetTokensFromRefreshToken needs
	// none of them.
	ExplicitAuthFlows []string
	// PreventUserExistenceErrors hides which users exist, as the service's setting ENABLED does.
	PreventUserExistenceErrors bool
	// AccessTokenValidity, IDTokenValidity and RefreshTokenValidity are the lifetimes of tokens.
	// The defaults are an hour, an hour and 30 days.
	AccessTokenValidity, IDTokenValidity, RefreshTokenValidity time.Duration
	// AuthSessionValidity is how long a challenge can be answered. The default is 3 minutes.
	AuthSessionValidity time.Duration
	// DisableTokenRevocation omits the claims that are needed to revoke a single session.
	DisableTokenRevocation bool
	// RefreshTokenRotation makes each refresh return a new refresh token. The old one remains valid
	// for RefreshTokenGracePeriod.
	RefreshTokenRotation    bool
	RefreshTokenGracePeriod time.Duration
	// ReadAttributes are the attributes in ID tokens and in the response of GetUser. If nil, they
	// are all.
	ReadAttributes []string
	// WriteAttributes are the attributes that users may write. If nil, they are all, including
	// "custom:" ones. Users can never write sub, email_verified and phone_number_verified.
	WriteAttributes []string
	// AllowedOAuthFlows are the flows that the authorization server at [Server.URL] accepts from
	// the client: "code", "implicit", or "client_credentials" alone. If nil, it accepts none. For
	// GetClientToken, "ALLOW_CLIENT_TOKEN_AUTH" in ExplicitAuthFlows counts instead.
	AllowedOAuthFlows []string
	// AllowedOAuthScopes are the scopes that the client may request: "openid", "email", "phone",
	// "profile", "aws.cognito.signin.user.admin" and those of resource servers. If nil, they are
	// all that fit its flows.
	AllowedOAuthScopes []string
	// CallbackURLs are the redirect URIs, and LogoutURLs the sign-out URLs, that a browser may be
	// sent to. They are compared exactly.
	CallbackURLs, LogoutURLs []string

	secrets []clientSecret // Secret, and during a rotation a second one
}

// User is a user for [Server.AddUser]. Printed or logged, it shows no password.
type User struct {
	// Username is the username. In a pool with UsernameAttributes it is the e-mail address or phone
	// number.
	Username string
	// Password is the password. If empty, the user has none and must sign in with another factor.
	Password string
	// Sub is the user's immutable ID. The default is random.
	Sub string
	// Attributes are the user's attributes. Set "email_verified" to "true" to make the address
	// usable as an alias.
	Attributes map[string]string
	// Groups are the names of the user's groups. AddUser creates groups that the pool does not
	// have.
	Groups []string
	// Status is CONFIRMED, UNCONFIRMED, FORCE_CHANGE_PASSWORD or RESET_REQUIRED. The default is
	// CONFIRMED.
	Status string
	// Disabled keeps the user from signing in.
	Disabled bool
	// MFA are the second factors that the user has enabled: "SMS_MFA", "SOFTWARE_TOKEN_MFA",
	// "EMAIL_OTP". If nil, it is the software token if there is a TOTPSecret, and otherwise none.
	MFA []string
	// PreferredMFA is the factor that the user is asked for. If empty, the user chooses.
	PreferredMFA string
	// TOTPSecret is the secret of the user's software token, in base32. The default is random if
	// MFA contains the software token. See [Server.TOTP].
	TOTPSecret string
}

// PasswordPolicy sets the rules for passwords.
type PasswordPolicy struct {
	// MinimumLength is the minimum length, in characters.
	MinimumLength int
	// Each of these requires at least one character of a kind.
	RequireUppercase, RequireLowercase, RequireNumbers, RequireSymbols bool
}

// Format prints the client without its secret, for every verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Client{"+c.ID+"}") }

// LogValue returns the client's ID.
func (c Client) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints the user without the password and the TOTP secret, for every verb.
func (u User) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "User{"+u.Username+"}") }

// LogValue returns the username.
func (u User) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(u)) }

// The statuses of users.
const (
	statusConfirmed     = "CONFIRMED"
	statusUnconfirmed   = "UNCONFIRMED"
	statusForceChange   = "FORCE_CHANGE_PASSWORD"
	statusResetRequired = "RESET_REQUIRED"
)

// The feature plans.
const (
	tierLite       = "LITE"
	tierEssentials = "ESSENTIALS"
	tierPlus       = "PLUS"
)

var (
	poolIDPattern   = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)
	acrNamePattern  = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,64}$`)
	clientIDPattern = regexp.MustCompile(`^[\w+]+$`)
	defaultFlows    = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	defaultPolicy   = PasswordPolicy{
		MinimumLength: 8, RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
	}
)

// withDefaults returns cfg with its defaults filled in. It panics on an invalid Config, because
// that is a mistake in a test.
func (cfg Config) withDefaults() Config {
	if cfg.UserPoolID == "" {
		cfg.UserPoolID = "us-east-1_Test00001"
	}
	if !poolIDPattern.MatchString(cfg.UserPoolID) {
		panic(fmt.Sprintf("cognitotest: Config.UserPoolID: want <region>_<letters and digits>, got %q", cfg.UserPoolID))
	}
	if len(cfg.UsernameAttributes) > 0 && len(cfg.AliasAttributes) > 0 {
		panic("cognitotest: Config: want UsernameAttributes or AliasAttributes, got both")
	}
	checkNames("Config.UsernameAttributes", cfg.UsernameAttributes, attrEmail, attrPhone)
	checkNames("Config.AliasAttributes", cfg.AliasAttributes, attrEmail, attrPhone, attrPreferred)
	checkNames("Config.AutoVerifiedAttributes", cfg.AutoVerifiedAttributes, attrEmail, attrPhone)
	if cfg.AutoVerifiedAttributes == nil {
		cfg.AutoVerifiedAttributes = []string{attrEmail}
	}
	checkNames("Config.AttributesRequireVerificationBeforeUpdate",
		cfg.AttributesRequireVerificationBeforeUpdate, cfg.AutoVerifiedAttributes...)
	for _, c := range cfg.CustomAttributes {
		checkNames("CustomAttribute.Type", []string{c.Type}, "", typeString, typeNumber, typeBoolean, typeDateTime)
	}
	if cfg.TemporaryPasswordValidity == 0 {
		cfg.TemporaryPasswordValidity = 7 * 24 * time.Hour
	}
	if cfg.PasswordPolicy == nil {
		cfg.PasswordPolicy = &defaultPolicy
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.checkTriggerURLs()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	cfg = cfg.withFactors()
	cfg.Clients = slices.Clone(cfg.Clients)
	if len(cfg.Clients) == 0 {
		cfg.Clients = []Client{{}}
	}
	for i := range cfg.Clients {
		cfg.Clients[i] = cfg.Clients[i].withDefaults()
	}
	cfg.checkOAuth()
	return cfg
}

// withFactors returns cfg with the defaults of its factors filled in.
func (cfg Config) withFactors() Config {
	if cfg.MFA == "" {
		cfg.MFA = mfaOptional
	}
	checkNames("Config.MFA", []string{cfg.MFA}, mfaOff, mfaOptional, mfaOn)
	if cfg.MFAFactors == nil {
		cfg.MFAFactors = []string{challengeSMS, challengeTOTP, challengeEmail}
	}
	checkNames("Config.MFAFactors", cfg.MFAFactors, challengeSMS, challengeTOTP, challengeEmail)
	if cfg.FirstFactors == nil {
		cfg.FirstFactors = []string{challengePassword}
	}
	checkNames("Config.FirstFactors", cfg.FirstFactors,
		challengePassword, challengeEmail, challengeSMSOTP, challengeWebAuthn)
	if cfg.Tier == "" {
		cfg.Tier = tierPlus
	}
	checkNames("Config.Tier", []string{cfg.Tier}, tierLite, tierEssentials, tierPlus)
	cfg.ACRNames = cfg.acrNames()
	if uv := cfg.WebAuthn.UserVerification; uv != "" {
		checkNames("Config.WebAuthn.UserVerification", []string{uv}, uvRequired, uvPreferred)
	}
	return cfg
}

// acrNames returns the names of the levels with defaults filled in. It checks them as the service
// does.
func (cfg Config) acrNames() [4]string {
	names := cfg.ACRNames
	if names != [4]string{} && cfg.Tier == tierLite {
		panic("cognitotest: Config.ACRNames: want none with Tier LITE")
	}
	for i, name := range names {
		if name == "" {
			names[i] = "urn:cognito:loa:" + strconv.Itoa(i+1)
		} else if !acrNamePattern.MatchString(name) {
			panic(fmt.Sprintf("cognitotest: Config.ACRNames: want 1 to 64 characters"+
				" without spaces, quotation marks and backslashes, got %q", name))
		}
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			panic(fmt.Sprintf("cognitotest: Config.ACRNames: want different ones, got %q twice", name))
		}
	}
	return names
}

func (c Client) withDefaults() Client {
	if c.ID == "" {
		c.ID = strings.ToLower(rand.Text())[:26]
	}
	if !clientIDPattern.MatchString(c.ID) {
		panic(fmt.Sprintf("cognitotest: Client.ID: want letters, digits, _ and +, got %q", c.ID))
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.ExplicitAuthFlows == nil {
		c.ExplicitAuthFlows = defaultFlows
	}
	for _, flow := range c.ExplicitAuthFlows {
		if !strings.HasPrefix(flow, "ALLOW_") {
			panic(fmt.Sprintf("cognitotest: Client.ExplicitAuthFlows: want ALLOW_…, got %q", flow))
		}
	}
	for _, d := range []struct {
		value   *time.Duration
		usually time.Duration
	}{
		{&c.AccessTokenValidity, time.Hour},
		{&c.IDTokenValidity, time.Hour},
		{&c.RefreshTokenValidity, 30 * 24 * time.Hour},
		{&c.AuthSessionValidity, 3 * time.Minute},
	} {
		if *d.value == 0 {
			*d.value = d.usually
		}
	}
	return c
}

func checkNames(field string, names []string, known ...string) {
	for _, name := range names {
		if !slices.Contains(known, name) {
			panic(fmt.Sprintf("cognitotest: %s: want %v, got %q", field, known, name))
		}
	}
}
