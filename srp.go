package cognito

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito/internal/srp"
)

// The keys of AuthParameters, ChallengeParameters and ChallengeResponses.
const (
	keyUsername     = "USERNAME"
	keyPassword     = "PASSWORD"
	keySecretHash   = "SECRET_HASH"
	keyDeviceKey    = "DEVICE_KEY"
	keySRPA         = "SRP_A"
	keySRPB         = "SRP_B"
	keySalt         = "SALT"
	keySecretBlock  = "SECRET_BLOCK"
	keyUserIDForSRP = "USER_ID_FOR_SRP"
	keyClaimBlock   = "PASSWORD_CLAIM_SECRET_BLOCK"
	keyClaimSig     = "PASSWORD_CLAIM_SIGNATURE"
	keyTimestamp    = "TIMESTAMP"
)

// SRP computes the parameters of an SRP sign-in for programs that call the AWS SDK themselves: AuthFlow
// USER_SRP_AUTH (or CUSTOM_AUTH, or USER_AUTH with PASSWORD_SRP), the PASSWORD_VERIFIER challenge, and the two
// challenges of a remembered device. It does no I/O. Programs without a reason to call the SDK themselves should
// use [Cognito.Authenticate], which does all of it.
//
// An SRP serves one sign-in at a time and is not safe for concurrent use. Printed or logged it shows no secret.
type SRP struct {
	poolName string
	username string
	device   *Device
	clientParams
	secret *srpSecret // behind a pointer, so that printing a holder of an SRP does not print it
}

// srpSecret is what must not be printed: the password and the attempt's own secrets.
type srpSecret struct {
	password string
	user     *srp.Client // of the last AuthParameters
	device   *srp.Client // of the last DeviceSRPAuthChallenge
}

// SRPOption sets up an [SRP] in [NewSRP].
type SRPOption func(*SRP)

// WithSRPClientSecret sets the app client's secret. If not set, or empty, the app client has none.
func WithSRPClientSecret(secret string) SRPOption {
	return func(s *SRP) { s.clientSecret = &secret }
}

// WithSRPDevice sets the remembered device that the user signs in with. If not set, there is none.
func WithSRPDevice(d Device) SRPOption {
	return func(s *SRP) { s.device = &d }
}

// NewSRP prepares a sign-in of username, which may be an alias, to the user pool userPoolID for the app client
// clientID. The errors name the argument and what was expected.
func NewSRP(userPoolID, clientID, username, password string, opts ...SRPOption) (*SRP, error) {
	s, err := newSRP(userPoolID, clientID, username, password, opts...)
	return s, wrapError("NewSRP", err)
}

func newSRP(userPoolID, clientID, username, password string, opts ...SRPOption) (*SRP, error) {
	s := &SRP{username: username, clientParams: clientParams{clientID: clientID}, secret: &srpSecret{password: password}}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	err := errors.Join(awsIDs.checkIDs(userPoolID, clientID), checkLogin(username, password), s.checkDevice())
	if err != nil {
		return nil, err
	}
	_, s.poolName = splitPoolID(userPoolID)
	return s, nil
}

func (s *SRP) checkDevice() error {
	if s.device == nil {
		return nil
	}
	s.deviceKey = s.device.Key
	return s.device.check()
}

// checkLogin refuses what no user can sign in with.
func checkLogin(username, password string) error {
	var errs []error
	if username == "" {
		errs = append(errs, fieldError("username", "want a username or an alias, got none"))
	}
	if password == "" {
		errs = append(errs, fieldError("password", "want a password, got none"))
	}
	return errors.Join(errs...)
}

// AuthParameters begins an attempt with a fresh secret and returns the AuthParameters of InitiateAuth:
// USERNAME, SRP_A, SECRET_HASH with a client secret, DEVICE_KEY with a device. CUSTOM_AUTH wants CHALLENGE_NAME
// "SRP_A" added, USER_AUTH wants PREFERRED_CHALLENGE "PASSWORD_SRP".
func (s *SRP) AuthParameters() (map[string]string, error) {
	if s.secret == nil {
		return nil, wrapError("AuthParameters", errors.New("want an SRP from NewSRP, got the zero SRP"))
	}
	s.secret.user = srp.NewClient()
	return s.addTo(map[string]string{keySRPA: s.secret.user.PublicKey()}, s.username), nil
}

// PasswordVerifierChallenge answers PASSWORD_VERIFIER: it returns the ChallengeResponses for the
// ChallengeParameters params, with the time now, which the service compares with its own. From then on USERNAME
// is the user's name as the service gave it. The errors name the parameter and what was expected of it.
func (s *SRP) PasswordVerifierChallenge(params map[string]string, now time.Time) (map[string]string, error) {
	answers, err := s.passwordVerifier(params, now)
	return answers, wrapError("PasswordVerifierChallenge", err)
}

func (s *SRP) passwordVerifier(params map[string]string, now time.Time) (map[string]string, error) {
	userID := params[keyUserIDForSRP]
	if userID == "" {
		return nil, fieldError(keyUserIDForSRP, "want the user's ID, got none")
	}
	if s.secret == nil || s.secret.user == nil {
		return nil, errors.New("no attempt is under way: call AuthParameters first")
	}
	answers, err := proofResponses(s.secret.user, srp.Identity{Namespace: s.poolName, Name: userID}, s.secret.password, params, now)
	if err != nil {
		return nil, err
	}
	s.username = usernameOf(params, s.username)
	return s.addTo(answers, s.username), nil
}

// DeviceSRPAuthChallenge answers DEVICE_SRP_AUTH: it returns the ChallengeResponses for the ChallengeParameters
// params, with a fresh secret. It needs [WithSRPDevice].
func (s *SRP) DeviceSRPAuthChallenge(params map[string]string) (map[string]string, error) {
	if s.device == nil {
		return nil, wrapError("DeviceSRPAuthChallenge", errNoDevice)
	}
	s.secret.device = srp.NewClient()
	s.username = usernameOf(params, s.username)
	return s.addTo(map[string]string{keySRPA: s.secret.device.PublicKey()}, s.username), nil
}

// DevicePasswordVerifierChallenge answers DEVICE_PASSWORD_VERIFIER: it returns the ChallengeResponses for the
// ChallengeParameters params, with the time now. The errors name the parameter and what was expected of it.
func (s *SRP) DevicePasswordVerifierChallenge(params map[string]string, now time.Time) (map[string]string, error) {
	const op = "DevicePasswordVerifierChallenge"
	if s.device == nil {
		return nil, wrapError(op, errNoDevice)
	}
	if s.secret.device == nil {
		return nil, wrapError(op, errors.New("no attempt is under way: call DeviceSRPAuthChallenge first"))
	}
	answers, err := proofResponses(s.secret.device, srp.Identity{Namespace: s.device.GroupKey, Name: s.device.Key}, s.device.Password, params, now)
	if err != nil {
		return nil, wrapError(op, err)
	}
	s.username = usernameOf(params, s.username)
	return s.addTo(answers, s.username), nil
}

var errNoDevice = errors.New("no device is set (WithSRPDevice)")

// Format prints the user, and no secret, whatever the verb. It has a value receiver so that a dereferenced SRP
// does not print otherwise.
func (s SRP) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SRP{user "+s.username+"}") }

// LogValue logs the user.
func (s SRP) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// SecretHash returns SECRET_HASH for username: base64 of HMAC-SHA-256 with the app client's secret over username
// and client ID. username is the one that is sent in the same request: where the service answered with the
// user's own name for an alias, it is that name.
func SecretHash(username, clientID, clientSecret string) string {
	return srp.SecretHash(username, clientID, clientSecret)
}

// NewDeviceVerifier makes a password for the device deviceKey in the group groupKey, both from NewDeviceMetadata,
// and the verifier by which ConfirmDevice tells it to the pool. The password is random and must be kept, with
// both keys, for later sign-ins.
func NewDeviceVerifier(groupKey, deviceKey string) (password string, verifier *types.DeviceSecretVerifierConfigType, err error) {
	password, verifier, err = newDeviceVerifier(groupKey, deviceKey)
	return password, verifier, wrapError("NewDeviceVerifier", err)
}

func newDeviceVerifier(groupKey, deviceKey string) (password string, verifier *types.DeviceSecretVerifierConfigType, err error) {
	if groupKey == "" || deviceKey == "" {
		return "", nil, fieldError("device", "want a group key and a device key")
	}
	password = srp.NewDevicePassword()
	v := srp.NewVerifier(srp.Identity{Namespace: groupKey, Name: deviceKey}, password)
	return password, &types.DeviceSecretVerifierConfigType{
		PasswordVerifier: aws.String(base64.StdEncoding.EncodeToString(v.Value)),
		Salt:             aws.String(base64.StdEncoding.EncodeToString(v.Salt)),
	}, nil
}

// proofResponses proves password to the challenge in params.
func proofResponses(client *srp.Client, id srp.Identity, password string, params map[string]string, now time.Time) (map[string]string, error) {
	challenge, err := srp.ParseChallenge(params[keySalt], params[keySRPB], params[keySecretBlock])
	if err != nil {
		return nil, err
	}
	timestamp := srp.Timestamp(now)
	signature, err := client.Sign(id, password, challenge, timestamp)
	if err != nil {
		return nil, err
	}
	return map[string]string{keyClaimBlock: params[keySecretBlock], keyClaimSig: signature, keyTimestamp: timestamp}, nil
}

// usernameOf is the name that the service calls the user by in a challenge's parameters, else before.
func usernameOf(params map[string]string, before string) string {
	return append(namesOf(params), before)[0]
}

// namesOf are the names that the service calls the user by in a challenge's parameters, the one to send first; nil when
// it gives none.
func namesOf(params map[string]string) []string {
	var names []string
	for _, key := range []string{keyUsername, keyUserIDForSRP} {
		if name := params[key]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// clientParams are the parameters that every request of a sign-in carries.
type clientParams struct {
	clientID     string
	clientSecret *string // behind a pointer, so that it does not print
	deviceKey    string
}

// addTo adds USERNAME, the SECRET_HASH of that very name, and DEVICE_KEY to params.
func (r clientParams) addTo(params map[string]string, username string) map[string]string {
	params[keyUsername] = username
	if r.clientSecret != nil && *r.clientSecret != "" {
		params[keySecretHash] = SecretHash(username, r.clientID, *r.clientSecret)
	}
	if r.deviceKey != "" {
		params[keyDeviceKey] = r.deviceKey
	}
	return params
}
