package cognitosrp_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	cognitosrp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/gocognito/cognito/internal/interop/proofs"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

// The client's clock has had twelve hours for years, so half of its timestamps are twelve hours off; they are good.
func TestBrokenProofs(t *testing.T) {
	t.Parallel()
	for name, confidential := range map[string]bool{"public": false, "secret": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cases := proofs.Cases(confidential, proofs.FlowSRP, proofs.FlowTOTP)
			p := proofs.NewPool(t, confidential, cases)
			sdk := cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: aws.String(p.Endpoint), Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: sdkhttp.Transport{}}})
			var outcomes []proofs.Outcome
			for i, c := range cases {
				p.Next(i)
				outcome := proofs.Outcome{Name: c.Name}
				username := proofs.Username
				if c.Flow == proofs.FlowTOTP {
					username = "totp"
				}
				var failure smithy.APIError
				switch err := signIn(t, p, sdk, username); {
				case errors.As(err, &failure):
					outcome.Error, outcome.Message = failure.ErrorCode(), failure.ErrorMessage()
				case err != nil:
					t.Fatal(err)
				}
				outcomes = append(outcomes, outcome)
			}
			t.Logf("%d broken proofs refused", p.Check(t, outcomes, nil))
		})
	}
}

// Numbers of every length come up in this many handshakes. The client pads an odd number of digits with one zero and does
// not look at its top bit then, which is right.
func TestSignInsAgain(t *testing.T) {
	t.Parallel()
	p := proofs.NewPool(t, false, nil)
	sdk := cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: aws.String(p.Endpoint), Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: sdkhttp.Transport{}}})
	for range 50 {
		if err := signIn(t, p, sdk, proofs.Username); err != nil {
			t.Fatal(err)
		}
	}
}

func signIn(t *testing.T, p *proofs.Pool, sdk *cip.Client, username string) error {
	t.Helper()
	var secret *string
	if p.ClientSecret != "" {
		secret = &p.ClientSecret
	}
	client, err := cognitosrp.NewCognitoSRP(username, proofs.Password, p.UserPoolID, p.ClientID, secret)
	if err != nil {
		return err
	}
	begun, err := sdk.InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(client.GetClientId()), AuthParameters: client.GetAuthParams(),
	})
	if err != nil {
		return err
	}
	answer, err := client.PasswordVerifierChallenge(begun.ChallengeParameters, time.Now())
	if err != nil {
		return err
	}
	out, err := sdk.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{
		ChallengeName: begun.ChallengeName, ClientId: &p.ClientID, ChallengeResponses: answer, Session: begun.Session,
	})
	if err != nil || out.AuthenticationResult != nil {
		return err
	}
	answer = map[string]string{"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": p.Code()}
	if secret != nil {
		if answer["SECRET_HASH"], err = client.GetSecretHash(username); err != nil {
			return err
		}
	}
	_, err = sdk.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{
		ChallengeName: out.ChallengeName, ClientId: &p.ClientID, ChallengeResponses: answer, Session: out.Session,
	})
	return err
}
