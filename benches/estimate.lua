-- What wrk sends to POST /cost-estimate.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}'
